import { call } from "./rpc";
import type { LanMethods } from "./methods";

type Answer<K extends keyof LanMethods> = Promise<Awaited<ReturnType<LanMethods[K]>>>;

/** The lab's LAN, from any process: every method runs in the switch. */
export class Lan {
  constructor(private readonly socket: string) {}

  /** Asks by ARP who has each address, for `ms` milliseconds; per address every MAC that answered and how often. */
  probe(ips: string[], ms = 1500): Answer<"probe"> {
    return this.call("probe", ips, ms);
  }

  /** Opens or closes the switch port of a host (`lab1`). */
  setPort(port: string, up: boolean): Answer<"setPort"> {
    return this.call("setPort", port, up);
  }

  /** What the switch knows of each port. */
  ports(): Answer<"ports"> {
    return this.call("ports");
  }

  private call<K extends keyof LanMethods>(method: K, ...args: Parameters<LanMethods[K]>): Answer<K> {
    return call(this.socket, method, args) as Answer<K>;
  }
}
