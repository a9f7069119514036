// The hosts that faults are made on: a DNS server, and web servers that all have a volume, a file and a secret, so that a fault
// may befall any of them.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { Reach, type ApplianceHostArgs } from "../../../provider";
import type { Tagged } from "../../../lab/lan/methods";
import type { Host } from "../../../lab/vm/host";
import type { LabStack } from "../../../lab/pulumi";
import type { Box } from "./fault";
import { dns, DNS, specification, stackOf, type Site } from "../site";

/** A host with so many web servers; what is made once is saved under its name. */
export interface Crowd {
  name: string;
  boxes: Box[];
  /** Every appliance of it. */
  all: Box[];
  /** The VLAN that they are on, and where one asks for them there. */
  on?: Tagged & { ip6: string };
  /** What its specification says otherwise than that of the others. */
  changes?: (host: Host) => Pick<ApplianceHostArgs, "interface" | "network">;
}

/** MACs that no version of Docker would derive from the addresses. */
const boxes: Box[] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
  name: `box${n}`,
  ip: `192.168.76.6${n}`,
  mac: `02:00:5e:00:00:6${n}`,
}));

const crowdOf = (name: string, count: number): Crowd => ({
  name,
  boxes: boxes.slice(0, count),
  all: [{ name: "dns", ...DNS }, ...boxes.slice(0, count)],
});

/** For many faults of appliances at once. */
export const many = crowdOf("many", boxes.length);
/** For faults that stand for themselves: each run is cheaper by all the appliances that are not there. */
export const few = crowdOf("few", 2);

const VLAN = 20;
const onVlan = (n: number): Box => ({
  name: `box${n}`,
  ip: `192.168.20.6${n}`,
  ip6: `fd00:20::c0a8:143${"cdef"[n]}`,
  mac: `02:00:5e:00:14:6${n}`,
});
const DNS_ON_VLAN: Box = { name: "dns", ip: "192.168.20.53", ip6: "fd00:20::53", mac: "02:42:c0:a8:14:35" };

/** On a VLAN that is made for it, with IPv6, and a link that has an address of both kinds. */
export const trunk: Crowd = {
  name: "trunk",
  boxes: [0, 1].map(onVlan),
  all: [DNS_ON_VLAN, ...[0, 1].map(onVlan)],
  on: { vlan: VLAN, ip: "192.168.20.254", ip6: "fd00:20::fe" },
  changes: ({ mac }) => ({
    interface: {
      nic: { mac },
      vlan: VLAN,
      mtu: 1400,
      bcqueuelen: 5000,
      reach: Reach.Pinned,
      address: "192.168.20.9",
      address6: "fd00:20::9",
    },
    network: { subnet: "192.168.20.0/24", gateway: "192.168.20.1", subnet6: "fd00:20::/64" },
  }),
};

const addressesOf = ({ ip, ip6 }: Box) => ({ ip, ...(ip6 === undefined ? {} : { ip6 }) });

const appliance = (box: Box): ApplianceHostArgs["appliances"][string] => ({
  ...addressesOf(box),
  mac: box.mac,
  compose: join(__dirname, "box.compose.yaml"),
  files: { "motd.txt": `this is ${box.name}\n` },
  secrets: { GREETING: `${box.name}-greets` },
  ...(box.name === "box0" ? { startAfter: ["dns"] } : {}),
  readyTimeout: 90,
});

export const specificationOf = (host: Host, crowd: Crowd): ApplianceHostArgs =>
  specification(host, {
    ...crowd.changes?.(host),
    appliances: {
      dns: { ...dns(), ...addressesOf(crowd.all[0]!) },
      ...Object.fromEntries(crowd.boxes.map((box) => [box.name, appliance(box)])),
    },
  });

/** Goes back to the host just after its first `up`, which happens once per run of the tier, with a stack that knows it. */
export async function crowded({ lab, host }: Site, crowd: Crowd): Promise<LabStack> {
  const saved = join(lab.dir, `${crowd.name}-state`);
  const args = () => specificationOf(host, crowd);
  if (existsSync(saved)) {
    await host.load(crowd.name);
  } else {
    await host.load("booted");
    const first = await stackOf(args);
    await first.up();
    await host.shell(bringIn(crowd));
    await host.save(crowd.name);
    cpSync(first.dir, saved, { recursive: true });
  }
  return stackOf(args, { from: saved });
}

/** What must outlast every fault and every repair: a word in each volume, and a container that is none of ours. */
const bringIn = ({ boxes }: Crowd): string =>
  `for box in ${names(boxes)}; do docker exec "$box" sh -c "echo 'of $box' >/data/kept" || exit; done; ` +
  "docker run -d --name other --restart always lab/web:1 >/dev/null";

/** What is there of it: one line a thing. */
export const belongingsOf = (host: Host, { boxes }: Crowd): Promise<string> =>
  host.shell(
    `for box in ${names(boxes)}; do cat /var/lib/docker/volumes/"$box"_data/_data/kept; done; ` +
      "docker inspect -f '{{.Name}} {{.State.Status}}' other; docker ps -a --format '{{.Names}}' | sort; docker volume ls -q | sort",
  );

const names = (of: Box[]): string => of.map(({ name }) => name).join(" ");
