import { Attached } from "./attached";
import type { Ethernet } from "./frame";
import * as six from "./frame6";

type Handler = (packet: six.Ipv6, message: six.Icmp6, from: string) => void;

/** A machine with an IPv6 address: answers its neighbours and ping, and asks others. */
export class Station6 extends Attached {
  private readonly handlers = new Set<Handler>();
  private nextId = 1;

  /** Asks its neighbours once who has `ip`. */
  ask(ip: string): void {
    const { ip: destination, mac } = six.solicited(ip);
    this.sendIcmp(
      mac,
      destination,
      six.writeNeighbour({ type: six.Icmp6Type.Solicitation, target: ip, mac: this.mac }),
    );
  }

  /** Announces itself to everybody as a router, from a link-local address, with a prefix for addresses. */
  advertise(prefix: string, length: number): void {
    const { ip: destination, mac } = six.ALL_NODES;
    const packet = six.writeIcmp6(six.writeRouter(prefix, length), { source: "fe80::fe", destination });
    this.send(mac, six.IPV6, packet);
  }

  /** The MAC that a ping of `ip` came back from. @throws when none does in time */
  async ping(ip: string, timeout: number): Promise<string> {
    const neighbour = await this.attempt<string>(timeout, (done) => {
      const stop = this.handle((_, message) => {
        const said = six.readNeighbour(message);
        if (said?.type === six.Icmp6Type.Advertisement && said.target === ip && said.mac !== undefined) done(said.mac);
      });
      return { again: () => this.ask(ip), stop };
    });
    if (neighbour === undefined) throw new Error(`nobody on the LAN has ${ip}`);
    const id = Buffer.alloc(4);
    id.writeUInt32BE(this.nextId++);
    const body = Buffer.concat([id, Buffer.from("are you there")]);
    const answer = await this.attempt<string>(timeout, (done) => {
      const stop = this.handle(({ source }, message, from) => {
        const mine =
          message.type === six.Icmp6Type.EchoReply && source === ip && message.body.subarray(0, 4).equals(id);
        if (mine) done(from);
      });
      return { again: () => this.sendIcmp(neighbour, ip, { type: six.Icmp6Type.EchoRequest, body }), stop };
    });
    if (answer === undefined) throw new Error(`${ip} (${neighbour}) is a neighbour, but answers no ping`);
    return answer;
  }

  protected receive(ethernet: Ethernet): void {
    if (ethernet.type !== six.IPV6) return;
    const group = six.solicited(this.ip);
    if (![this.mac, group.mac].includes(ethernet.destination)) return;
    const packet = six.readIpv6(ethernet.payload);
    if (packet === undefined || ![this.ip, group.ip].includes(packet.destination)) return;
    const message = six.readIcmp6(packet);
    if (message === undefined) return;
    for (const handler of this.handlers) handler(packet, message, ethernet.source);
    const back = (answer: six.Icmp6) => this.sendIcmp(ethernet.source, packet.source, answer);
    const asked = six.readNeighbour(message);
    if (asked?.type === six.Icmp6Type.Solicitation && asked.target === this.ip && packet.source !== "::")
      back(six.writeNeighbour({ type: six.Icmp6Type.Advertisement, target: this.ip, mac: this.mac }));
    if (message.type === six.Icmp6Type.EchoRequest) back({ type: six.Icmp6Type.EchoReply, body: message.body });
  }

  private handle(handler: Handler): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  private sendIcmp(mac: string, destination: string, message: six.Icmp6): void {
    this.send(mac, six.IPV6, six.writeIcmp6(message, { source: this.ip, destination }));
  }
}
