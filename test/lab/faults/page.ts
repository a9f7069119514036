import type { Fault } from "./fault";
import { passing, refused } from "./passing";
import { faults } from "./rounds";
import { trunkFaults, trunkPassing } from "./trunk";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;
const table = (heads: string[], rows: string[][]): string =>
  [row(heads), row(heads.map(() => "---")), ...rows.map(row)].join("\n");

const named = (text: string): string =>
  text
    .replaceAll("$NAME", "web")
    .replaceAll("$IP6", "fd00:20::80")
    .replaceAll("$IP", "192.168.76.80")
    .replaceAll("$MAC", "02:42:c0:a8:4c:50");

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function atBoot({ boot: { healed, why, lost } }: Fault): string {
  return [healed ? "healed" : "stays", `: ${why}`, ...(lost === undefined ? [] : [`; ${lost}`])].join("");
}

function identities({ container, where }: Fault): string {
  if (where !== "appliance") return "kept";
  return { same: "kept, in the same container", new: "kept, in another container" }[container ?? "same"] ?? "kept";
}

const faultTable = (of: readonly Fault[]): string =>
  table(
    ["fault", "how it happens", "the preview says", "`up`", "identities after it", "the next boot without `up`"],
    of.map((fault) => [
      sentence(fault.title),
      fault.life,
      named(fault.says),
      fault.up,
      identities(fault),
      atBoot(fault),
    ]),
  );

const tableOf = (part: Fault["where"]): string => faultTable(faults.filter(({ where }) => where === part));

/** docs/faults.md. */
export const page = (): string => `# Faults

What goes wrong on a host in life, what a preview says of it, what \`up\` does, and what the next boot makes of it with no \`up\` at all.
Every row is made on a lab host by its real means and repaired there (\`test/lab/faults.test.ts\`): this page is written from what these
tests check. After every \`up\` each address is answered for on the LAN by exactly its pinned MAC, volumes and containers of others are as
they were, and the next preview is empty. … stands for what varies; the appliance is called \`web\` here.

## What boots the host

${tableOf("boot")}

## The parent link

${tableOf("link")}

## The Docker network

${tableOf("network")}

## An appliance

${tableOf("appliance")}

## A VLAN, and IPv6

On a host whose link is on VLAN 20, with an address of both kinds (\`192.168.20.9\`, \`fd00:20::9\`). Most of the faults above befall it as they do any other.

${faultTable(trunkFaults)}

## What the host puts right by itself

No preview says anything of these, and no \`up\` is needed.

${table(
  ["fault", "how it happens", "what puts it right"],
  [...passing, ...trunkPassing].map(({ title, life, by }) => [sentence(title), life, by]),
)}

## What nobody but you can put right

Preview and \`up\` are refused with the reason; nothing is changed.

${table(
  ["fault", "how it happens", "the preview says", "what puts it right"],
  refused.map(({ title, life, says, by }) => [sentence(title), life, says, by]),
)}
`;
