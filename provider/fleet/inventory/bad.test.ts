import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { formatPositioned, readInventory } from ".";

const MARK = "▸";
const folder = mkdtempSync(join(tmpdir(), "macvlan-inventory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly title: string;
  readonly files: ReadonlyMap<string, string>;
  /** FILE:LINE:COLUMN of each mark. */
  readonly places: readonly string[];
  readonly said: readonly string[];
}

const [preamble, ...sections] = readFileSync(join(__dirname, "fixtures", "bad.txt"), "utf8").split(/^## /m);
const HOME = filesOf(preamble!).get("home.yaml")!;

/** The files of a section; what comes before the first name is fleet.yaml. */
function filesOf(section: string): Map<string, string> {
  const [first, ...others] = section.split(/^# file: /m);
  const named = others.map((text): [string, string] => [
    text.slice(0, text.indexOf("\n")),
    text.slice(text.indexOf("\n") + 1),
  ]);
  return new Map([["fleet.yaml", first!], ...named]);
}

function caseOf(section: string): Case {
  const [title, ...lines] = section.split("\n");
  const text = lines
    .filter((line) => !line.startsWith("! "))
    .join("\n")
    .replace(/\n+$/, "\n");
  const marked = filesOf(text);
  const places = [...marked].flatMap(([name, content]) => {
    const parts = content.split(MARK).slice(0, -1);
    return parts.map((_, i) => {
      const before = parts
        .slice(0, i + 1)
        .join("")
        .split("\n");
      return `${name}:${before.length}:${before.at(-1)!.length + 1}`;
    });
  });
  const files = new Map([...marked].map(([name, content]) => [name, content.replaceAll(MARK, "")]));
  return {
    title: title!,
    files,
    places,
    said: lines.filter((line) => line.startsWith("! ")).map((line) => line.slice(2)),
  };
}

function told({ title, files }: Case): string[] {
  const base = join(folder, title.replace(/\W/g, "-"));
  const usesHome = ![...files].some(([name, text]) => name === "fleet.yaml" && !/^hosts:/m.test(text));
  const all = new Map([...files, ["home.yaml", HOME]]);
  for (const [name, text] of all) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
  const inputs = [join(base, "fleet.yaml")];
  if (usesHome) {
    // The LAN and its defaults come from a file around the one under test.
    writeFileSync(join(base, "all.yaml"), `include: [fleet.yaml]\n${HOME}`);
    inputs[0] = join(base, "all.yaml");
  }
  const { problems } = readInventory(inputs);
  const prefix = new RegExp(`[^\\s(]*${title.replace(/\W/g, "-")}/`, "g");
  return problems.map((problem) => formatPositioned(problem).replace(prefix, ""));
}

describe("an inventory is refused", () => {
  const cases = sections.map(caseOf);

  it("in at least 60 cases", () => expect(cases.length).toBeGreaterThanOrEqual(60));

  it.each(cases)("$title", (each) => {
    const lines = told(each);
    if (process.env.SHOW) console.log(`## ${each.title}\n${lines.map((line) => `! ${line}`).join("\n")}`);
    expect(lines).toEqual(each.said.map((text, i) => `${each.places[i]} ${text}`));
  });
});
