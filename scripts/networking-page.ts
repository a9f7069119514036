// The pictures of docs/networking.md, from the inventories beside them, and what the page shows of each.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatPositioned, readInventory } from "../provider/fleet/inventory";
import { renderSvg, topologyOf } from "../provider/report/graph";

const DOCS = join(__dirname, "..", "docs");
export const NETWORKING_PAGE = join(DOCS, "networking.md");
const PICTURES = join(DOCS, "pictures");

/** What of an inventory is the same in all of them. */
const ELSEWHERE = ["ssh", "appliances"];

export interface Picture {
  readonly name: string;
  /** Where it is kept. */
  readonly path: string;
  readonly svg: string;
}

/** One picture for each inventory in docs/pictures, as `macvlan graph --ways` draws it. */
export function pictures(): Picture[] {
  const names = readdirSync(PICTURES).flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -5)] : []));
  return names.sort().map((name) => {
    const { inventory, problems } = readInventory([join(PICTURES, `${name}.yaml`)]);
    if (inventory === undefined) throw new Error(problems.map(formatPositioned).join("\n"));
    const svg = renderSvg(topologyOf(inventory.hosts), { ways: true });
    return { name, path: join(PICTURES, `${name}.svg`), svg };
  });
}

/** The page with the specification and the picture after each of its lines `<!-- picture: NAME -->`, up to the end mark. */
export function networkingPage(page: string): string {
  return page.replace(
    /<!-- picture: (\S+) -->[^]*?<!-- end of picture -->/g,
    (_, name: string) =>
      `<!-- picture: ${name} -->\n\n\`\`\`yaml\n${specOf(name)}\`\`\`\n\n![The ways of packets with the specification above](pictures/${name}.svg)\n\n<!-- end of picture -->`,
  );
}

function specOf(name: string): string {
  const text = readFileSync(join(PICTURES, `${name}.yaml`), "utf8");
  const groups = text.split(/^(?=\S)/m);
  return groups.filter((group) => !ELSEWHERE.includes(group.split(":")[0]!)).join("");
}
