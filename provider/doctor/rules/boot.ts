import { DoctorRule, Said, Weight } from "../finding";
import { HostLink, Maker, makersOf, Setup } from "../setup";
import { nicFor } from "../words";
import { routers } from "./reach";

/**
 * What makes the parent of a network at boot, and whether Docker waits for it: if not, Docker starts without the parent sooner
 * or later, and the network is a ghost.
 */
export const bootRules: readonly DoctorRule<Setup>[] = [
  {
    id: "not-made-at-boot",
    severity: Weight.Risk,
    find: (setup) =>
      madeLinks(setup)
        // macvlan-router makes its link itself whenever it starts.
        .filter(({ makers, parentOf }) => makers.length === 0 && (parentOf.length > 0 || routers(setup).length === 0))
        .map((link) => ({
          where: `link ${link.name}`,
          means:
            link.parentOf.length > 0
              ? `Nothing was found that makes ${link.name} at boot: after the next one Docker starts without it, and ${link.parentOf.join(", ")} is a ghost.`
              : `Nothing was found that makes ${link.name} at boot: after the next one the host does not reach its containers any more.`,
          remedy: unitFor(link, setup),
        })),
  },
  {
    id: "unit-off",
    severity: Weight.Risk,
    find: (setup) =>
      eachUnit(setup, (link, { unit, fact }) =>
        link.makers.some((other) => other.fact?.properties.UnitFileState === "enabled") ||
        !["disabled", "masked"].includes(fact.properties.UnitFileState ?? "")
          ? []
          : [
              {
                where: unit,
                means: `${unit} makes ${link.name} and is ${fact.properties.UnitFileState}: at the next boot nothing makes it.`,
                remedy: `${fact.properties.UnitFileState === "masked" ? `systemctl unmask ${unit}; ` : ""}systemctl enable ${unit}`,
              },
            ],
      ),
  },
  {
    id: "unit-failed",
    severity: Weight.Problem,
    find: (setup) =>
      eachUnit(setup, (link, { unit, fact }) =>
        fact.activeState !== "failed"
          ? []
          : [
              {
                where: unit,
                means: `${unit}, which makes ${link.name}, failed (${fact.properties.Result || "no reason given"}).`,
                remedy: `journalctl -b -u ${unit} has the reason; then: systemctl restart ${unit}`,
              },
            ],
      ),
  },
  {
    id: "not-before-docker",
    severity: Weight.Risk,
    find: (setup) =>
      madeLinks(setup)
        .filter(({ parentOf, makers }) => parentOf.length > 0 && makers.length > 0)
        .filter((link) => !link.makers.some((maker) => isBeforeDocker(link, maker, setup)))
        .map((link) => ({
          where: `link ${link.name}`,
          means: `${nameOf(link.makers[0]!)} makes ${link.name}, and Docker does not wait for it (network-online.target says nothing of ${link.name}): whenever Docker is faster, ${link.parentOf.join(", ")} is a ghost.`,
          remedy: dropIn(link),
        })),
  },
  {
    id: "stops-docker",
    severity: Weight.Risk,
    find: ({ boot, links }) => {
      const docker = boot.units.get("docker.service")?.properties;
      const bound = words(`${docker?.Requires ?? ""} ${docker?.BindsTo ?? ""}`);
      return [...new Set(bound)]
        .filter((unit) => boot.units.has(unit) || links.some(({ name }) => unit === deviceUnit(name)))
        .filter((unit) => unit !== "docker.service")
        .map((unit) => ({
          where: "docker.service",
          means: `docker.service requires ${unit}: if that fails once, Docker does not start at all, and whenever it is stopped or restarted, Docker and every container go with it.`,
          remedy: `Wants=${unit} and After=${unit} instead of Requires= or BindsTo= (systemctl cat docker.service shows where; RequiredBy= in ${unit} does the same); then: systemctl daemon-reload`,
        }));
    },
  },
  {
    id: "before-docker-socket",
    severity: Weight.Problem,
    find: (setup) =>
      eachUnit(setup, (_, { unit, fact }) =>
        words(fact.properties.Before).includes("docker.socket")
          ? [
              {
                where: unit,
                means: `${unit} says Before=docker.socket, which is a circle (sockets come before services): systemd breaks it at boot by leaving one of the two out.`,
                remedy: `Before=docker.service instead; then: systemctl daemon-reload`,
              },
            ]
          : [],
      ),
  },
  {
    id: "parent-is-nic",
    severity: Weight.Note,
    find: ({ networks, facts }) =>
      networks.flatMap(({ name, parent }) =>
        facts.nics.some((nic) => nic.name === parent)
          ? [
              {
                where: `network ${name}`,
                means: `${name} is on the NIC ${parent} by name: if that changes (another slot, kernel or udev), the network is a ghost and has to be made anew; on a macvlan link of the host it would not notice.`,
                remedy: "",
              },
            ]
          : [],
      ),
  },
];

interface UnitMaker extends Maker {
  readonly unit: string;
  readonly fact: NonNullable<Maker["fact"]>;
}

/** Links that somebody has to make at every boot, and those that are missing and were made once; ours have their own unit. */
function madeLinks({ links, networks, boot, facts }: Setup): HostLink[] {
  const present = links.filter(({ ours, kind }) => !ours && ["macvlan", "ipvlan"].includes(kind));
  const missing = networks.flatMap((network): HostLink[] => {
    const { parent, parentLink } = network;
    if (parent === undefined || parentLink !== undefined || facts.linkConfs.has(parent)) return [];
    const makers = makersOf(parent, boot);
    // Without a trace of who made it nobody knows that it was one; what to do is said of the network.
    if (makers.length === 0) return [];
    const on = nicFor(network, facts) ?? "NIC";
    return [
      {
        name: parent,
        on,
        kind: "macvlan",
        mode: "bridge",
        mac: "",
        up: false,
        ours: false,
        addresses: [],
        makers,
        parentOf: [network.name],
      },
    ];
  });
  return [...present, ...missing.filter((link, i) => missing.findIndex(({ name }) => name === link.name) === i)];
}

function eachUnit(setup: Setup, say: (link: HostLink, maker: UnitMaker) => Said[]): Said[] {
  const seen = new Set<string>();
  return madeLinks(setup).flatMap((link) =>
    link.makers.flatMap((maker) => {
      if (maker.unit === undefined || maker.fact === undefined || seen.has(maker.unit)) return [];
      seen.add(maker.unit);
      return say(link, maker as UnitMaker);
    }),
  );
}

function isBeforeDocker(link: HostLink, maker: Maker, { boot }: Setup): boolean {
  if (maker.kind === "docker drop-in") return true;
  const after = words(boot.units.get("docker.service")?.properties.After);
  if (after.includes(deviceUnit(link.name))) return true;
  return (
    maker.unit !== undefined &&
    (after.includes(maker.unit) || words(maker.fact?.properties.Before).includes("docker.service"))
  );
}

/** The unit that the device has in systemd once udev knows it, whoever makes it. */
function deviceUnit(name: string): string {
  return `sys-subsystem-net-devices-${name.replace(/[^A-Za-z0-9:_.]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`)}.device`;
}

function dropIn({ name, makers }: HostLink): string {
  const unit = makers.find((maker) => maker.unit !== undefined)?.unit ?? deviceUnit(name);
  const folder = "/etc/systemd/system/docker.service.d";
  return `mkdir -p ${folder}; printf '[Unit]\\nWants=%s\\nAfter=%s\\n' '${unit}' '${unit}' > ${folder}/after-${name}.conf; systemctl daemon-reload`;
}

/** Makes it at boot as it is now; it is not started, since what it would make is there. */
function unitFor(link: HostLink, { facts }: Setup): string {
  const { name, on, kind, mode, mac, addresses, parentOf } = link;
  const nic = deviceUnit(on);
  const routes = facts.routes.filter(({ dev, protocol }) => dev === name && protocol !== "kernel");
  const lines = [
    "[Unit]",
    `Wants=${nic}`,
    `After=${nic}`,
    "Before=docker.service",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=ip link add link ${on} name ${name}${kind === "macvlan" ? ` address ${mac}` : ""} type ${kind} mode ${mode}`,
    ...addresses.map((address) => `ExecStart=ip addr add ${address} dev ${name}`),
    `ExecStart=ip link set ${name} up`,
    ...routes.map(
      ({ dst, prefsrc }) => `ExecStart=ip route replace ${dst} dev ${name}${prefsrc ? ` src ${prefsrc}` : ""}`,
    ),
    "[Install]",
    `WantedBy=${parentOf.length > 0 ? "docker.service" : "multi-user.target"}`,
  ];
  return `printf '%s\\n' ${lines.map((line) => (/^[\w=.-]+$/.test(line) ? line : `'${line}'`)).join(" ")} > /etc/systemd/system/${name}.service; systemctl enable ${name}.service`;
}

function nameOf({ unit, path }: Maker): string {
  return unit ?? path;
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(" ").filter(Boolean);
}
