import * as f from "./frame";
import type { Switch } from "./switch";

/** Milliseconds between two attempts of anything that may get lost. */
const RETRY = 400;

/** A machine on the lab's LAN, or on a VLAN of it, with one MAC and one address of either kind. */
export abstract class Attached {
  constructor(
    private readonly lan: Switch,
    readonly name: string,
    readonly mac: string,
    readonly ip: string,
    readonly vlan?: number,
  ) {
    // In a turn of its own: an answer must not run inside the switch's handling of the question.
    lan.addPort(name, (bytes) => {
      setImmediate(() => {
        const frame = f.readEthernet(bytes);
        if (frame && frame.vlan === this.vlan) this.receive(frame);
      });
      return true;
    });
  }

  /** Leaves the LAN. */
  remove(): void {
    this.lan.removePort(this.name);
  }

  /** A frame of its VLAN, for whomever. */
  protected abstract receive(frame: f.Ethernet): void;

  protected send(destination: string, type: number, payload: Buffer): void {
    this.lan.receive(this.name, f.writeEthernet({ destination, source: this.mac, vlan: this.vlan, type, payload }));
  }

  /** Runs `begin`, repeats its `again` until done or `timeout` ms have passed (then undefined), and stops it. */
  protected attempt<T>(
    timeout: number,
    begin: (done: (value: T) => void) => { again: () => void; stop: () => void },
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const finish = (value: T | undefined) => {
        clearTimeout(limit);
        clearInterval(repeat);
        stop();
        resolve(value);
      };
      const { again, stop } = begin(finish);
      const limit = setTimeout(() => finish(undefined), timeout);
      const repeat = setInterval(again, RETRY);
      again();
    });
  }
}
