import { beforeEach, describe, expect, test } from "vitest";
import * as f from "./frame";
import { lanMethods, type LanMethods } from "./methods";
import { Station } from "./station";
import { Switch } from "./switch";

const IP = "192.168.76.53";
const MAC = "02:42:c0:a8:4c:35";

/** A web server on the LAN that has one answer and one connection at a time: enough to be fetched from. */
function webServer(lan: Switch, answer: string): void {
  let expected = 0;
  lan.addPort("server", (frame) => {
    const ethernet = f.readEthernet(frame)!;
    const packet = ethernet.type === f.EtherType.Ipv4 ? f.readIpv4(ethernet.payload) : undefined;
    const tcp =
      packet?.protocol === f.Protocol.Tcp && packet.destination === IP ? f.readTcp(packet.payload) : undefined;
    const reply = (type: number, payload: Buffer) =>
      setImmediate(() =>
        lan.receive("server", f.writeEthernet({ destination: ethernet.source, source: MAC, type, payload })),
      );
    const arp = ethernet.type === f.EtherType.Arp ? f.readArp(ethernet.payload) : undefined;
    if (arp?.operation === "request" && arp.targetIp === IP) {
      const { senderMac: targetMac, senderIp: targetIp } = arp;
      reply(f.EtherType.Arp, f.writeArp({ operation: "reply", senderMac: MAC, senderIp: IP, targetMac, targetIp }));
    }
    if (!packet || !tcp) return true;
    const send = (flags: number, sequence: number, data = Buffer.alloc(0)) => {
      const ports = { sourcePort: 80, destinationPort: tcp.sourcePort };
      const segment = { ...ports, sequence, acknowledgement: expected, flags, window: 1000, data };
      const payload = f.writeTcp(segment, IP, packet.source);
      reply(
        f.EtherType.Ipv4,
        f.writeIpv4({ source: IP, destination: packet.source, protocol: f.Protocol.Tcp, payload }),
      );
    };
    if (tcp.flags & f.TcpFlag.Syn) {
      expected = (tcp.sequence + 1) >>> 0;
      send(f.TcpFlag.Syn | f.TcpFlag.Ack, 7);
    } else if (tcp.data.length) {
      expected = (tcp.sequence + tcp.data.length) >>> 0;
      send(f.TcpFlag.Ack | f.TcpFlag.Fin, 8, Buffer.from(answer));
    }
    return true;
  });
}

describe("the LAN", () => {
  let lan: Switch;
  let methods: LanMethods;

  beforeEach(() => {
    lan = new Switch();
    methods = lanMethods(lan);
  });

  test("its gateway answers ARP and ping", async () => {
    expect(await methods.probe(["192.168.76.1"], 50)).toEqual({
      "192.168.76.1": [{ mac: "02:00:00:00:0f:01", port: "gateway", answers: 1 }],
    });
    expect(await methods.ping("192.168.76.1", 1000)).toEqual({ mac: "02:00:00:00:0f:01" });
  });

  test("says who answers twice for an address", async () => {
    new Station(lan, "lab1", MAC, IP);
    methods.impersonate(IP, "02:00:00:00:aa:01");
    const { [IP]: answers } = await methods.probe([IP], 50);
    expect(answers?.map(({ mac }) => mac).sort()).toEqual(["02:00:00:00:aa:01", MAC]);
    methods.dismiss();
    expect(await methods.probe([IP], 50)).toEqual({ [IP]: [{ mac: MAC, port: "lab1", answers: 1 }] });
  });

  test("keeps VLANs apart, and from what has no tag", async () => {
    new Station(lan, "lab1", MAC, IP, 20);
    const on = { vlan: 20, ip: "192.168.76.254" };
    expect(await methods.probe([IP], 50, on)).toEqual({ [IP]: [{ mac: MAC, port: "lab1", answers: 1 }] });
    expect(await methods.ping(IP, 1000, on)).toEqual({ mac: MAC });
    expect(await methods.probe([IP], 50, { ...on, vlan: 30 })).toEqual({ [IP]: [] });
    expect(await methods.probe([IP, "192.168.76.1"], 50)).toMatchObject({ [IP]: [], "192.168.76.1": [{}] });
  });

  test("a stranger announces itself", async () => {
    const seen = methods.arps(50);
    methods.impersonate(IP, "02:00:00:00:aa:01");
    expect(await seen).toMatchObject([
      { operation: "request", senderIp: IP, targetIp: IP, senderMac: "02:00:00:00:aa:01" },
    ]);
  });

  test("fetches a page and says which MAC it came from", async () => {
    webServer(lan, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello");
    const answer = { status: 200, headers: { "content-type": "text/plain" }, body: "hello", mac: MAC };
    expect(await methods.http(IP, 80, "/", 1000)).toEqual(answer);
  });

  test("says how far a request came", async () => {
    await expect(methods.ping(IP, 50)).rejects.toThrow(`nobody on the LAN has ${IP}`);
    new Station(lan, "lab1", MAC, IP);
    await expect(methods.http(IP, 80, "/", 1000)).rejects.toThrow(`http://${IP}:80/ (${MAC}): connection refused`);
    await expect(methods.dns(IP, "lab.test", 50)).rejects.toThrow(`${IP} (${MAC}) does not answer DNS`);
  });

  test("refuses what is no address", async () => {
    await expect(methods.probe(["192.168.76.300"], 10)).rejects.toThrow('"192.168.76.300" is no IPv4 address');
  });
});
