// What a host says when it is looked at, from facts: the way back of parseFacts, for hosts that only a test has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resolveHost } from "../../provider/appliance-host";
import { InventoryHost, withoutSecretValues } from "../../provider/fleet/inventory";
import { HostFacts, NetworkFact } from "../../provider/observe";
import { fixture } from "../../provider/observe/fixtures/fixture";
import { inSync } from "../../provider/observe/fixtures/in-sync";
import { decodeFrames, encodeFrames } from "../../provider/ssh";
import type { FakeNetwork } from "./fake-docker";

const recorded = (name: string): string =>
  readFileSync(join(__dirname, "..", "..", "provider", "observe", "fixtures", `${name}.txt`), "utf8");

/** A host with nothing of ours, and `nic` as the MAC of its NIC. */
export function bareObservation(nic: string, address: string): string {
  return own(recorded("trixie-bare"), nic, address);
}

/**
 * A host that is as the inventory says, with the networks of its fake Docker; `change` makes it another one.
 */
export function observationOf(
  { args, resolved }: InventoryHost,
  networks: readonly FakeNetwork[],
  change: (facts: HostFacts) => Partial<HostFacts> = () => ({}),
): string {
  const { host } = resolveHost(withoutSecretValues(args));
  const synced = inSync(withoutSecretValues(args), host!);
  const lan = networks.find(({ Name }) => Name === resolved.network.name)!;
  const containers = synced.containers.map((container, i) => ({
    ...container,
    pid: 1000 + i,
    networks: Object.fromEntries(
      Object.entries(container.networks).map(([name, end]) => [name, { ...end, NetworkID: lan.Id }]),
    ),
  }));
  const bare = fixture("trixie-bare").networks;
  const facts = { ...synced, containers, networks: bare };
  const text = framesOf({ ...facts, ...change(facts) }, networks);
  return own(text, args.interface.nic.mac!, resolved.network.auxAddresses["host"] ?? "192.168.76.10");
}

/** The NIC and the address of the recorded host are those of this one. */
function own(text: string, nic: string, address: string): string {
  return text.replaceAll("52:54:00:00:02:07", nic).replaceAll("192.168.76.10", address);
}

const lines = (entries: Iterable<string>): string => [...entries].map((line) => `${line}\n`).join("");

function framesOf(facts: HostFacts, networks: readonly FakeNetwork[]): string {
  const pids = new Map(facts.containers.map(({ id, pid }) => [id, pid]));
  const conf = (folder: string, file: string, confs: HostFacts["linkConfs"]): string[] =>
    [...confs].flatMap(([name, values]) =>
      Object.entries(values).map(([key, value]) => `/etc/macvlan/${folder}/${name}${file}:${key}='${value}'`),
    );
  const frames = decodeFrames(recorded("trixie-bare"));
  const end = frames.get("end") ?? "";
  frames.delete("end");
  const said: Record<string, string> = {
    link: JSON.stringify(facts.links),
    route: JSON.stringify(facts.routes),
    sysctl: lines([...facts.sysctls].map(([key, value]) => `${key}=${value}`)),
    units: [...facts.units]
      .map(([Id, { loadState, activeState, fragmentPath, properties }]) =>
        Object.entries({
          ...properties,
          Id,
          LoadState: loadState,
          ActiveState: activeState,
          FragmentPath: fragmentPath,
        }),
      )
      .map((properties) => lines(properties.map(([key, value]) => `${key}=${value}`)))
      .join("\n"),
    "docker.networks": JSON.stringify([...facts.networks.map(asApi), ...networks]),
    "docker.containers": lines(facts.containers.map((container) => JSON.stringify(container))),
    inside: lines(
      [...facts.inside].map(
        ([id, { macs, addresses }]) =>
          `${pids.get(id)} ${Object.entries(macs)
            .map(([name, mac]) => `${name}=${mac}`)
            .join(" ")} ${addresses.map((address) => `inet=${address}`).join(" ")}`,
      ),
    ),
    probed: lines([...facts.probed].map(([ip, macs]) => [ip, ...macs].join(" "))),
    folders: lines(facts.folders),
    files: lines([...facts.files].map(([path, { digest }]) => `${digest}  ${path}`)),
    modes: lines([...facts.files].map(([path, { mode, owner }]) => `${mode} ${owner} ${path}`)),
    conf: lines([
      ...conf("links", ".conf", facts.linkConfs),
      ...conf("appliances", "/appliance.conf", facts.applianceConfs),
    ]),
    applied: lines([...facts.applied].map(([name, digest]) => `${name} ${digest}`)),
  };
  return `${encodeFrames({ ...Object.fromEntries(frames), ...said, end })}\n`;
}

function asApi({ id, name, driver, internal, ipv6, options, labels, ipam }: NetworkFact): object {
  return {
    ...{ Id: id, Name: name, Driver: driver, Internal: internal, EnableIPv6: ipv6, Options: options },
    ...{ Labels: labels, IPAM: ipam },
  };
}
