import { format } from "prettier";
import { join } from "node:path";
import { pinRules } from "../provider/appliance";
import { bootShimRules } from "../provider/boot-shim";
import { hostInterfaceRules } from "../provider/host-interface";
import { macvlanNetworkRules } from "../provider/macvlan-network";
import { AnyRule, isOverridable, Severity } from "../provider/observe";

export const RULES_PAGE = join(__dirname, "..", "docs", "rules.md");

const stages: readonly { readonly component: string; readonly about: string; readonly rules: readonly AnyRule[] }[] = [
  { component: "BootShim", about: "the machine, its system and its Docker", rules: bootShimRules },
  { component: "HostInterface", about: "the NIC, the parent link, and what is around them", rules: hostInterfaceRules },
  { component: "MacvlanNetwork", about: "Docker's networks and the LAN", rules: macvlanNetworkRules },
  { component: "Appliance", about: "the pins, and what they are made with", rules: pinRules },
];

const intro = `<!-- Written by \`npm run docs\` from the rule tables in provider/*/preflight. -->

# Rules

Before an \`up\` or a \`preview\` changes anything, each host is looked at (one ssh session that only reads), and these rules compare what is there with the
specification. A rule that **refuses** stops the run before anything is changed, with every problem of the host at once: where in the
specification, what is wrong, what to do. A rule that **warns** lets it go on. A host on which nothing is wrong hears nothing, and neither does one
that merely drifted: a stopped container, a ghost network or a missing link is put right by \`up\`, not refused.

A rule that can be **passed over** is named in the specification, of a whole host or of the component whose rule it is:

\`\`\`ts
new macvlan.ApplianceHost("gw1", { …, overrides: ["ip-on-lan"] });
\`\`\`

The list is an input of the component, so that a reviewer sees it in the preview, and each run says in one line what it passed over. A warning that was read
can be silenced in the same way. The other rules cannot be passed over: the run would fail all the same, or take something away that is somebody else's.

With \`MACVLAN_OFFLINE=1\` no host is looked at and no rule is asked.
`;

/** What somebody may look for here in vain. */
const elsewhere: readonly (readonly [string, string])[] = [
  [
    "Ghost networks, containers bound to a network that is gone, containers without their pin or wiped by Docker 29",
    "Drift: shown in the preview, put right by `up` and at each boot by the third stage. `docker network rm` on a ghost makes it worse.",
  ],
  [
    "Limits of MACs per switch port, 802.1X",
    "Not visible from the host. Cisco's port security, once on, allows one MAC and shuts the port at the second: the host is gone from the LAN when the first appliance starts. Allow the port one MAC for each appliance and two for the host, or use `network.driver: ipvlan`, which needs none but the NIC's.",
  ],
  [
    "The firewall of Proxmox around a guest",
    "Not visible from the guest. With the firewall on at its NIC, `macfilter` drops what the appliances send: turn it off in the guest's firewall options, or use `network.driver: ipvlan`.",
  ],
  ["KVM, QEMU", "Filter nothing by themselves."],
  [
    "ssh through the NIC that the link is put on",
    "Most hosts have one NIC. A change of the link is taken back by the host itself unless the workstation confirms it over a new connection.",
  ],
  [
    "ARP answered twice for the host's address",
    "The link is set up so that the NIC alone answers (`arp_filter`); another setting there is drift.",
  ],
  [
    "A NIC that was renamed or replaced",
    "A selection by MAC or by path follows a rename. A selection by name, and a NIC that was replaced, end at [nic-missing](#nic-missing).",
  ],
  ["live-restore", "No finding: when a ghost is healed and dockerd restarted, it spares the other containers."],
  [
    "k3s or RKE2 beside Docker",
    "No finding: they have a containerd of their own. Pods inside Docker are one: [docker-of-kubernetes](#docker-of-kubernetes).",
  ],
  [
    "Addresses outside the subnet, of the gateway, in the DHCP pool; names that are too long; MACs that are multicast, a manufacturer's or there twice",
    "Checked in the specification itself, on any machine, without the host.",
  ],
  [
    "The host is to reach its appliances, and they the host",
    "`reach: pinned`. Only a run on the host itself is told so: [workstation](#workstation).",
  ],
];

/** The page of the manual that explains every rule, as it is in docs/rules.md. */
export async function rulesPage(): Promise<string> {
  const text = [
    intro,
    overview(),
    ...stages.map(({ component, about, rules }) =>
      [`## ${component}: ${about}`, ...rules.map((rule) => `### ${rule.id}\n\n${effect(rule)} ${rule.about}`)].join(
        "\n\n",
      ),
    ),
    "## What no rule asks",
    elsewhere.map(([what, why]) => `- **${what}**: ${why}`).join("\n"),
  ].join("\n\n");
  return format(text, { parser: "markdown", printWidth: 150, proseWrap: "always" });
}

function overview(): string {
  const rows = stages.flatMap(({ component, rules }) =>
    rules.map((rule) => [
      `[${rule.id}](#${rule.id})`,
      component,
      rule.severity === Severity.Refuse ? "refuses" : "warns",
      isOverridable(rule) ? "yes" : "",
    ]),
  );
  return table(["rule", "component", "", "can be passed over"], rows);
}

function effect(rule: AnyRule): string {
  if (rule.severity === Severity.Warn) return "_Warns._";
  return isOverridable(rule) ? "_Refuses; can be passed over._" : "_Refuses._";
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
