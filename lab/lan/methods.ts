import { Address6 } from "ip-address";
import * as f from "./frame";
import { sleep } from "../run";
import { IPV6, Icmp6Type, readIcmp6, readIpv6, readNeighbour, type Neighbour } from "./frame6";
import { Station } from "./station";
import { Station6 } from "./station6";
import type { Switch } from "./switch";

/** The LAN's router, and the machine that probes. Locally administered MACs that no host of the lab has. */
const GATEWAY = { name: "gateway", mac: "02:00:00:00:0f:01", ip: "192.168.76.1" };
const PROBE = { name: "probe", mac: "02:00:00:00:0f:fe", ip: "192.168.76.254" };

/** The same machine's IPv6: a MAC of its own, since it is another port of the switch. */
const PROBE6 = { name: "probe6", mac: "02:00:00:06:0f:fe", ip: "fd00:76::fe" };

/** Milliseconds between two ARP requests for the same address. */
const ASK_EVERY = 500;

/** A machine that answered for an address. */
export interface Answer {
  mac: string;
  /** Switch port that it answered from: a host (`lab1`), or a machine of the lab itself. */
  port: string;
  /** How many requests it answered. */
  answers: number;
}

/** An ARP packet that crossed the switch. */
export interface ArpSeen extends f.Arp {
  port: string;
}

/** A VLAN of the LAN, and the address that the probe has there. */
export interface Tagged {
  vlan: number;
  ip: string;
}

/** What the LAN does on request; lan/client.ts says what each is for. */
export type LanMethods = ReturnType<typeof lanMethods>;

export function lanMethods(lan: Switch) {
  new Station(lan, GATEWAY.name, GATEWAY.mac, GATEWAY.ip);
  const probe = new Station(lan, PROBE.name, PROBE.mac, PROBE.ip);
  const probe6 = new Station6(lan, PROBE6.name, PROBE6.mac, PROBE6.ip);
  const strangers = new Map<string, Station>();
  const probeOn = perVlan(
    probe,
    valid,
    (name, mac, { ip, vlan }) => new Station(lan, `probe ${name}`, `02:00:00:01:${mac}`, ip, vlan),
  );
  const probe6On = perVlan(
    probe6,
    valid6,
    (name, mac, { ip, vlan }) => new Station6(lan, `probe6 ${name}`, `02:00:00:06:${mac}`, ip, vlan),
  );

  /** Asks for every address each half second for `ms`; per address who answered. */
  const answersTo = async (
    ips: string[],
    ms: number,
    ask: (ip: string) => void,
    hear: (see: (ip: string, mac: string, port: string) => void) => () => void,
  ): Promise<Record<string, Answer[]>> => {
    const found: Record<string, Answer[]> = Object.fromEntries(ips.map((ip) => [ip, []]));
    const stop = hear((ip, mac, port) => {
      const known = found[ip]?.find((answer) => answer.mac === mac && answer.port === port);
      if (known) known.answers++;
      else found[ip]?.push({ mac, port, answers: 1 });
    });
    const all = () => ips.forEach(ask);
    const again = setInterval(all, ASK_EVERY);
    all();
    await sleep(ms);
    clearInterval(again);
    stop();
    return found;
  };

  return {
    async probe(ips: string[], ms: number, on?: Tagged | null): Promise<Record<string, Answer[]>> {
      const asking = probeOn(on);
      return await answersTo(
        ips.map(valid),
        ms,
        (ip) => asking.ask(ip),
        (see) =>
          watchArp(
            lan,
            ({ port, operation, senderIp, senderMac, targetIp }) => {
              if (operation === "reply" && targetIp === asking.ip) see(senderIp, senderMac, port);
            },
            on?.vlan,
          ),
      );
    },

    async probe6(ips: string[], ms: number, on?: Tagged | null): Promise<Record<string, Answer[]>> {
      const asking = probe6On(on);
      return await answersTo(
        ips.map(valid6),
        ms,
        (ip) => asking.ask(ip),
        (see) =>
          watchNeighbours(
            lan,
            asking.ip,
            ({ type, target, mac }, port) => {
              if (type === Icmp6Type.Advertisement && mac !== undefined) see(target, mac, port);
            },
            on?.vlan,
          ),
      );
    },

    async arps(ms: number): Promise<ArpSeen[]> {
      const seen: ArpSeen[] = [];
      const stop = watchArp(lan, (arp) => seen.push(arp));
      await sleep(ms);
      stop();
      return seen;
    },

    ping: async (ip: string, ms: number, on?: Tagged | null) => ({ mac: await probeOn(on).ping(valid(ip), ms) }),
    ping6: async (ip: string, ms: number, on?: Tagged | null) => ({ mac: await probe6On(on).ping(valid6(ip), ms) }),
    advertise: (prefix: string, length: number, on?: Tagged | null) => probe6On(on).advertise(valid6(prefix), length),
    http: (ip: string, port: number, path: string, ms: number, on?: Tagged | null) =>
      probeOn(on).http(valid(ip), port, path, ms),
    dns: (ip: string, name: string, ms: number) => probe.dns(valid(ip), name, ms),

    impersonate(ip: string, mac: string): void {
      const name = `stranger ${mac} ${valid(ip)}`;
      if (strangers.has(name)) return;
      const stranger = new Station(lan, name, mac, ip);
      strangers.set(name, stranger);
      stranger.announce();
    },

    dismiss(): void {
      for (const stranger of strangers.values()) stranger.remove();
      strangers.clear();
    },

    setPort: (port: string, up: boolean) => lan.setPort(port, up),
    limitMacs: (port: string, limit: number | null) => lan.limitMacs(port, limit ?? undefined),
    ports: () => lan.state().map(({ macs, ...port }) => ({ ...port, macs: Object.fromEntries(macs) })),
  };
}

/** The probe, on the LAN itself or on a VLAN, where it has a MAC of its own: the switch learns MACs, not VLANs. */
function perVlan<T>(
  untagged: T,
  checked: (ip: string) => string,
  make: (name: string, endOfMac: string, on: Tagged) => T,
): (on?: Tagged | null) => T {
  const known = new Map<string, T>();
  return (on) => {
    if (!on) return untagged; // what is left out is null after JSON
    const name = `${on.vlan} ${checked(on.ip)}`;
    const endOfMac = on.vlan.toString(16).padStart(4, "0").replace(/^../, "$&:");
    const station = known.get(name) ?? make(name, endOfMac, on);
    known.set(name, station);
    return station;
  };
}

function watchArp(lan: Switch, see: (arp: ArpSeen) => void, vlan?: number): () => void {
  return lan.watch((frame, port) => {
    const ethernet = f.readEthernet(frame);
    const arp = ethernet?.vlan === vlan && ethernet?.type === f.EtherType.Arp ? f.readArp(ethernet.payload) : undefined;
    if (arp) see({ ...arp, port });
  });
}

/** What neighbours tell `to`. */
function watchNeighbours(
  lan: Switch,
  to: string,
  see: (said: Neighbour, port: string) => void,
  vlan?: number,
): () => void {
  return lan.watch((frame, port) => {
    const ethernet = f.readEthernet(frame);
    const packet = ethernet?.vlan === vlan && ethernet?.type === IPV6 ? readIpv6(ethernet.payload) : undefined;
    const message = packet?.destination === to ? readIcmp6(packet) : undefined;
    const said = message && readNeighbour(message);
    if (said) see(said, port);
  });
}

function valid(ip: string): string {
  const parts = ip.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new Error(`"${ip}" is no IPv4 address`);
  }
  return parts.map(Number).join(".");
}

function valid6(ip: string): string {
  if (!Address6.isValid(ip)) throw new Error(`"${ip}" is no IPv6 address`);
  return new Address6(ip).correctForm();
}
