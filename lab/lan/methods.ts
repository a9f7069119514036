import * as f from "./frame";
import { sleep } from "../run";
import { Station } from "./station";
import type { Switch } from "./switch";

/** The LAN's router, and the machine that probes. Locally administered MACs that no host of the lab has. */
const GATEWAY = { name: "gateway", mac: "02:00:00:00:0f:01", ip: "192.168.76.1" };
const PROBE = { name: "probe", mac: "02:00:00:00:0f:fe", ip: "192.168.76.254" };

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
  const strangers = new Map<string, Station>();
  const onVlans = new Map<string, Station>();
  /** The probe, on the LAN itself or on a VLAN, where it has a MAC of its own: the switch learns MACs, not VLANs. */
  const probeOn = (on?: Tagged | null): Station => {
    if (!on) return probe; // what is left out is null after JSON
    const name = `probe ${on.vlan} ${valid(on.ip)}`;
    const mac = `02:00:00:01:${on.vlan.toString(16).padStart(4, "0").replace(/^../, "$&:")}`;
    const known = onVlans.get(name) ?? new Station(lan, name, mac, on.ip, on.vlan);
    onVlans.set(name, known);
    return known;
  };

  return {
    async probe(ips: string[], ms: number, on?: Tagged | null): Promise<Record<string, Answer[]>> {
      const asking = probeOn(on);
      const found: Record<string, Answer[]> = Object.fromEntries(ips.map((ip) => [valid(ip), []]));
      const see = ({ port, operation, senderIp, senderMac, targetIp }: ArpSeen): void => {
        const answers = operation === "reply" && targetIp === asking.ip ? found[senderIp] : undefined;
        if (!answers) return;
        const known = answers.find((answer) => answer.mac === senderMac && answer.port === port);
        if (known) known.answers++;
        else answers.push({ mac: senderMac, port, answers: 1 });
      };
      const stop = watchArp(lan, see, on?.vlan);
      const ask = () => ips.forEach((ip) => asking.ask(ip));
      const again = setInterval(ask, ASK_EVERY);
      ask();
      await sleep(ms);
      clearInterval(again);
      stop();
      return found;
    },

    async arps(ms: number): Promise<ArpSeen[]> {
      const seen: ArpSeen[] = [];
      const stop = watchArp(lan, (arp) => seen.push(arp));
      await sleep(ms);
      stop();
      return seen;
    },

    ping: async (ip: string, ms: number, on?: Tagged | null) => ({ mac: await probeOn(on).ping(valid(ip), ms) }),
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

function watchArp(lan: Switch, see: (arp: ArpSeen) => void, vlan?: number): () => void {
  return lan.watch((frame, port) => {
    const ethernet = f.readEthernet(frame);
    const arp = ethernet?.vlan === vlan && ethernet?.type === f.EtherType.Arp ? f.readArp(ethernet.payload) : undefined;
    if (arp) see({ ...arp, port });
  });
}

function valid(ip: string): string {
  const parts = ip.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new Error(`"${ip}" is no IPv4 address`);
  }
  return parts.map(Number).join(".");
}
