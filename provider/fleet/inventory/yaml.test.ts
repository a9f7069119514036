import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { fleetText } from "../../../bench/fleet";
import { readPlainYaml } from "./fast-yaml";
import { Lines } from "./lines";
import { Node, Place } from "./tree";
import { readAnyYaml } from "./yaml";

const at: Place = { source: { folder: ".", order: 0, lineAt: () => ({ line: 1, column: 1 }) }, offset: 0 };

/** A tree with the offset of each of its parts but null, which nobody is shown the place of: its key's is. */
function shape(node: Node): unknown {
  if (node.kind === "scalar") return node.value === null ? null : [node.at.offset, node.value, node.written];
  if (node.kind === "list") return [node.at.offset, node.items.map(shape)];
  return [node.at.offset, [...node.entries].map(([name, { key, node: each }]) => [name, key.offset, shape(each)])];
}

/** Both readers say the same wherever the fast one says anything; whether it does. */
function same(text: string): boolean {
  const fast = readPlainYaml(text, at);
  if (fast === undefined) return false;
  const { root, faults } = readAnyYaml(text, at);
  expect(faults, text).toEqual([]);
  expect(shape(fast), text).toEqual(shape(root!));
  return true;
}

describe("the fast reader of plain YAML", () => {
  it.each([
    "a: b\n",
    "a: { b: 1, c: [x, 'y''z', \"\\u00e9\\n\"] }\n",
    "a:\n- 1\n- -2\n- 1.50\n- 0x1F\n- 0o17\n- 1e3\n- .inf\n- -.INF\n- .nan\n",
    "a: [true, FALSE, yes, no, ~, null, Null, nullish, True1, 1.2.3.4, 12:34:56, 2026-01-01, 1_000, +1, '']\n",
    "a: |\n  one\n  two\nb: >-   # note | of it\n  folded\n  text\n\n",
    "# first\na: # note\n  b: c # note\n  # last\n",
    'a: "one\n  two"\nb: one\n  two\n',
    '{ "a": { "b": [1, 2.5, true, null, "x"] } }\n',
    '{\n\t"a": 1\n}',
    "---\na: b\n",
    "a: b\r\nc:\r\n  - d\r\n",
    "a: ${b}\nc: $${{ d }}\n1: e\n1.10: f\n'g': h\n",
    "a:\n  b:\n    c: d\n  e: f # x\n",
  ])("reads %j as the other one does", (text) => expect(same(text)).toBe(true));

  it.each([
    "a: &x b\nc: *x\n",
    "a: b\n<<: { c: d }\n",
    "a: !!str 1\n",
    "a: 1\n---\nb: 1\n",
    "%YAML 1.1\n---\na: 1\n",
    "a: 1\na: 2\n",
    "a: 0755\n",
    "? [a]\n: b\n",
    "~: a\n",
    "a:\n\tb: c\n",
    "a: [\n",
    "a: { b: ${{ c }} }\n",
    "",
    "text\n",
    "# nothing\n",
    "a: b\n...\n",
    "a: \n\t",
    "a: |1\n  ",
    "c: |+2\n    indented\n\n",
  ])("leaves %j to the other one", (text) => expect(same(text)).toBe(false));

  it("says nothing else of any file of the fixtures and the examples", () => {
    const cases = readFileSync(join(__dirname, "fixtures", "bad.txt"), "utf8").split(/^## .*\n/m);
    const bad = cases.map((text) => text.split(/^(?:! |# file: )/m)[0]!.replaceAll("▸", ""));
    const fleet = join(__dirname, "..", "..", "..", "examples", "fleet");
    const files = readdirSync(fleet, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
    const good = [...files.map((name) => readFileSync(join(fleet, name), "utf8")), fleetText(3)];
    expect(good.map(same)).toEqual(good.map(() => true));
    expect(bad.filter(same).length).toBeGreaterThan(60);
  });

  it("says nothing else of any text", () => {
    const values = fc.jsonValue({ stringUnit: "binary" });
    fc.assert(
      fc.property(values, (value) => (same(stringify({ value })), same(JSON.stringify({ value }, null, 1)), true)),
    );
    const pieces = fc.constantFrom(
      "a",
      "b: ",
      "- ",
      "\n",
      "\n  ",
      "{",
      "}",
      "[",
      "]",
      ", ",
      "|",
      "#",
      "'",
      '"',
      "1",
      ".5",
      "~",
      "? ",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => (same(parts.join("")), true)),
      { numRuns: 3000 },
    );
  });
});

it("lines and columns count from 1", () => {
  const lines = new Lines("ab\r\n\nc");
  expect([0, 1, 4, 5, 6].map((offset) => lines.at(offset))).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 2 },
    { line: 2, column: 1 },
    { line: 3, column: 1 },
    { line: 3, column: 2 },
  ]);
});
