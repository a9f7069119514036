import { macText } from "./frame";

/** What the switch knows of one port. */
export interface PortState {
  name: string;
  /** An administratively closed port takes and gives no frame, as with its cable pulled at the switch. */
  up: boolean;
  /** Frames with further source addresses are dropped, as by port security; no limit when left out. */
  macLimit?: number;
  /** Source addresses seen on this port since it came up, with the number of their frames. */
  macs: Map<string, number>;
  received: number;
  sent: number;
  dropped: number;
}

/** A learning Ethernet switch, without the wires: it decides where each frame goes. */
export class Switch {
  private readonly ports = new Map<string, PortState & { send: (frame: Buffer) => boolean }>();
  private readonly learned = new Map<string, string>();
  private readonly watchers = new Set<(frame: Buffer, port: string) => void>();

  /** Adds a port. `send` puts a frame on its wire and returns false when it had to drop it. */
  addPort(name: string, send: (frame: Buffer) => boolean): void {
    this.ports.set(name, { name, up: true, macs: new Map(), received: 0, sent: 0, dropped: 0, send });
  }

  removePort(name: string): void {
    this.forget(name);
    this.ports.delete(name);
  }

  /** Opens or closes a port; what was learned on a closed one is forgotten. @throws for an unknown port */
  setPort(name: string, up: boolean): void {
    this.port(name).up = up;
    if (!up) this.forget(name);
  }

  /** Most source addresses that a port accepts from now on; undefined lifts the limit. @throws for an unknown port */
  limitMacs(name: string, limit: number | undefined): void {
    const port = this.port(name);
    port.macLimit = limit;
    port.macs.clear();
  }

  /** State of all ports, in the order in which they came. */
  state(): PortState[] {
    return [...this.ports.values()].map(({ send: _, ...state }) => state);
  }

  /** Calls `see` with every frame that the switch accepts, until the returned function is called. */
  watch(see: (frame: Buffer, port: string) => void): () => void {
    this.watchers.add(see);
    return () => this.watchers.delete(see);
  }

  /** A frame came in on a port. */
  receive(name: string, frame: Buffer): void {
    const from = this.port(name);
    if (!from.up || frame.length < 14) {
      from.dropped++;
      return;
    }
    const source = macText(frame.subarray(6, 12));
    const full = from.macLimit !== undefined && from.macs.size >= from.macLimit;
    if (full && !from.macs.has(source)) {
      from.dropped++;
      return;
    }
    from.received++;
    from.macs.set(source, (from.macs.get(source) ?? 0) + 1);
    this.learned.set(source, name);
    for (const see of this.watchers) see(frame, name);
    for (const to of this.targets(from.name, frame)) {
      if (!to.up) continue;
      if (to.send(frame)) to.sent++;
      else to.dropped++;
    }
  }

  /** The learned port for a known unicast address, all others for the rest. */
  private targets(from: string, frame: Buffer) {
    const group = (frame[0]! & 1) === 1;
    const known = group ? undefined : this.learned.get(macText(frame.subarray(0, 6)));
    if (known === undefined) return [...this.ports.values()].filter((port) => port.name !== from);
    const port = this.ports.get(known);
    return port && known !== from ? [port] : [];
  }

  /** A port's link went down: what was learned there may come back elsewhere. */
  forget(name: string): void {
    this.port(name).macs.clear();
    for (const [mac, port] of this.learned) if (port === name) this.learned.delete(mac);
  }

  private port(name: string) {
    const port = this.ports.get(name);
    if (!port) throw new Error(`the LAN has no port ${name}; it has ${[...this.ports.keys()].join(", ")}`);
    return port;
  }
}

/** Cuts the stream of QEMU's `-netdev stream` (4 bytes of length, then the frame) into frames. */
export function frameReader(onFrame: (frame: Buffer) => void): (data: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (data) => {
    rest = rest.length ? Buffer.concat([rest, data]) : data;
    let at = 0;
    while (rest.length - at >= 4 && rest.length - at >= 4 + rest.readUInt32BE(at)) {
      const end = at + 4 + rest.readUInt32BE(at);
      onFrame(rest.subarray(at + 4, end));
      at = end;
    }
    rest = rest.subarray(at);
  };
}

/** A frame as `-netdev stream` wants it. */
export function framed(frame: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}
