import { Attached } from "./attached";
import { dnsQuery, readDns, type DnsAnswer } from "./dns";
import * as f from "./frame";
import { httpComplete, httpRequest, readHttp, type HttpAnswer } from "./http";
import { TcpExchange } from "./tcp";

/** A machine with an IPv4 address: answers ARP and ping, and asks others. */
export class Station extends Attached {
  private readonly handlers = new Set<(packet: f.Ipv4, from: string) => boolean>();
  private readonly arpHandlers = new Set<(arp: f.Arp) => void>();
  private nextPort = 40_000 + Math.floor(Math.random() * 10_000);

  /** Sends one ARP request for `ip`. */
  ask(ip: string): void {
    this.sendArp(f.BROADCAST, { operation: "request", targetMac: "00:00:00:00:00:00", targetIp: ip });
  }

  /** Tells everybody that this station has its address (gratuitous ARP), as a machine does that comes up. */
  announce(): void {
    this.sendArp(f.BROADCAST, { operation: "request", targetMac: "00:00:00:00:00:00", targetIp: this.ip });
  }

  /** The MAC that answers first for `ip`; asked anew every time. @throws when nobody does in time */
  async resolve(ip: string, timeout: number): Promise<string> {
    const mac = await this.attempt<string>(timeout, (done) => {
      const handler = (arp: f.Arp) => {
        if (arp.operation === "reply" && arp.senderIp === ip) done(arp.senderMac);
      };
      this.arpHandlers.add(handler);
      return { again: () => this.ask(ip), stop: () => this.arpHandlers.delete(handler) };
    });
    if (mac === undefined) throw new Error(`nobody on the LAN has ${ip}`);
    return mac;
  }

  /** The MAC that a ping of `ip` came back from. @throws when none does in time */
  async ping(ip: string, timeout: number): Promise<string> {
    const mac = await this.resolve(ip, timeout);
    const id = this.nextPort++ & 0xffff;
    const answer = await this.attempt<string>(timeout, (done) => {
      let sequence = 0;
      const again = () => {
        const payload = f.writeIcmpEcho({
          type: "request",
          id,
          sequence: ++sequence,
          data: Buffer.from("are you there"),
        });
        this.sendIp(mac, { destination: ip, protocol: f.Protocol.Icmp, payload });
      };
      const stop = this.handle((packet, from) => {
        const echo = packet.protocol === f.Protocol.Icmp ? f.readIcmpEcho(packet.payload) : undefined;
        const mine = packet.source === ip && echo?.type === "reply" && echo.id === id;
        if (mine) done(from);
        return mine;
      });
      return { again, stop };
    });
    if (answer === undefined) throw new Error(`${ip} (${mac}) answers ARP, but no ping`);
    return answer;
  }

  /** An HTTP GET, and the MAC that answered it. @throws when there is no answer in time, saying how far it came */
  async http(ip: string, port: number, path: string, timeout: number): Promise<HttpAnswer & { mac: string }> {
    const mac = await this.resolve(ip, timeout);
    const sourcePort = this.nextPort++;
    let answeredBy = mac;
    const exchange = new TcpExchange(
      Math.floor(Math.random() * 2 ** 32),
      httpRequest(ip, path),
      (segment) => {
        const payload = f.writeTcp({ ...segment, sourcePort, destinationPort: port }, this.ip, ip);
        this.sendIp(mac, { destination: ip, protocol: f.Protocol.Tcp, payload });
      },
      httpComplete,
    );
    const where = `http://${ip}:${port}${path} (${mac})`;
    const ended = await this.attempt<true>(timeout, (done) => {
      const stop = this.handle((packet, from) => {
        const tcp = packet.protocol === f.Protocol.Tcp ? f.readTcp(packet.payload) : undefined;
        if (!tcp || packet.source !== ip || tcp.sourcePort !== port || tcp.destinationPort !== sourcePort) return false;
        answeredBy = from;
        exchange.receive(tcp);
        if (exchange.finished) done(true);
        return true;
      });
      // What still comes after the end (its last acknowledgement) belongs to this connection, too.
      return { again: () => exchange.tick(), stop: () => void setTimeout(stop, 2000) };
    });
    if (!ended) throw new Error(`${where}: no complete answer within ${timeout / 1000} s`);
    if (exchange.error) throw new Error(`${where}: ${exchange.error}`);
    const answer = readHttp(exchange.answer);
    if (!answer) throw new Error(`${where}: the answer is not HTTP`);
    return { ...answer, mac: answeredBy };
  }

  /** Asks the DNS server at `ip` for the IPv4 addresses of `name`. @throws when there is no answer in time */
  async dns(ip: string, name: string, timeout: number): Promise<DnsAnswer> {
    const mac = await this.resolve(ip, timeout);
    const sourcePort = this.nextPort++;
    const id = sourcePort & 0xffff;
    const payload = f.writeUdp({ sourcePort, destinationPort: 53, data: dnsQuery(id, name) }, this.ip, ip);
    const answer = await this.attempt<DnsAnswer>(timeout, (done) => {
      const stop = this.handle((packet) => {
        const udp = packet.protocol === f.Protocol.Udp ? f.readUdp(packet.payload) : undefined;
        if (packet.source !== ip || udp?.destinationPort !== sourcePort) return false;
        const dns = readDns(id, udp.data);
        if (dns) done(dns);
        return true;
      });
      return { again: () => this.sendIp(mac, { destination: ip, protocol: f.Protocol.Udp, payload }), stop };
    });
    if (!answer) throw new Error(`${ip} (${mac}) does not answer DNS within ${timeout / 1000} s`);
    return answer;
  }

  protected receive(ethernet: f.Ethernet): void {
    if (ethernet.destination !== this.mac && ethernet.destination !== f.BROADCAST) return;
    if (ethernet.type === f.EtherType.Arp) this.receiveArp(f.readArp(ethernet.payload));
    if (ethernet.type === f.EtherType.Ipv4) this.receiveIp(f.readIpv4(ethernet.payload), ethernet);
  }

  private receiveArp(arp: f.Arp | undefined): void {
    if (!arp) return;
    for (const handler of this.arpHandlers) handler(arp);
    if (arp.operation === "request" && arp.targetIp === this.ip && arp.senderIp !== this.ip) {
      this.sendArp(arp.senderMac, { operation: "reply", targetMac: arp.senderMac, targetIp: arp.senderIp });
    }
  }

  private receiveIp(packet: f.Ipv4 | undefined, { source: from, payload }: f.Ethernet): void {
    if (packet?.destination !== this.ip) return;
    if ([...this.handlers].some((handle) => handle(packet, from))) return;
    const back = (protocol: number, answer: Buffer) =>
      this.sendIp(from, { destination: packet.source, protocol, payload: answer });
    if (packet.protocol === f.Protocol.Icmp) {
      const echo = f.readIcmpEcho(packet.payload);
      if (echo?.type === "request") back(f.Protocol.Icmp, f.writeIcmpEcho({ ...echo, type: "reply" }));
    } else if (packet.protocol === f.Protocol.Udp) {
      // A host that asks its gateway for a name learns at once that there is no name server, instead of waiting.
      back(f.Protocol.Icmp, f.writeIcmpPortUnreachable(payload));
    } else if (packet.protocol === f.Protocol.Tcp) {
      this.refuseTcp(packet, from);
    }
  }

  private refuseTcp(packet: f.Ipv4, from: string): void {
    const tcp = f.readTcp(packet.payload);
    if (!tcp || tcp.flags & f.TcpFlag.Rst) return;
    const length = tcp.data.length + (tcp.flags & f.TcpFlag.Syn ? 1 : 0) + (tcp.flags & f.TcpFlag.Fin ? 1 : 0);
    const reset: f.Tcp = {
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      sequence: tcp.flags & f.TcpFlag.Ack ? tcp.acknowledgement : 0,
      acknowledgement: (tcp.sequence + length) >>> 0,
      flags: f.TcpFlag.Rst | f.TcpFlag.Ack,
      window: 0,
      data: Buffer.alloc(0),
    };
    const payload = f.writeTcp(reset, this.ip, packet.source);
    this.sendIp(from, { destination: packet.source, protocol: f.Protocol.Tcp, payload });
  }

  private handle(handler: (packet: f.Ipv4, from: string) => boolean): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  private sendArp(destination: string, arp: Pick<f.Arp, "operation" | "targetMac" | "targetIp">): void {
    const payload = f.writeArp({ ...arp, senderMac: this.mac, senderIp: this.ip });
    this.send(destination, f.EtherType.Arp, payload);
  }

  private sendIp(destination: string, packet: Omit<f.Ipv4, "source">): void {
    this.send(destination, f.EtherType.Ipv4, f.writeIpv4({ ...packet, source: this.ip }));
  }
}
