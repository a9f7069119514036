import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keysOfEnvFile, variablesIn } from "./variables";

const shown = (text: string) => variablesIn(text).map(({ name, optional }) => (optional ? `${name}?` : name));

describe("variables that Compose would look up", () => {
  it.each<[string, string[]]>([
    ["plain", []],
    ["$A", ["A"]],
    ["${A}", ["A"]],
    ["x${A}y$B-z", ["A", "B"]],
    ["${A:-d}", ["A?"]],
    ["${A-d}", ["A?"]],
    ["${A:+d}", ["A?"]],
    ["${A+d}", ["A?"]],
    ["${A:?must be set}", ["A"]],
    ["${A?must be set}", ["A"]],
    ["${A:-${B}}", ["A?", "B"]],
    ["${A:-${B:-$C}}", ["A?", "B?", "C"]],
    ["$$A", []],
    ["$$$A", ["A"]],
    ["$${A}", []],
    ["costs 5$", []],
    ["$1 ${} ${-x} $ {A}", []],
    ["${a_1}", ["a_1"]],
  ])("%s", (text, names) => expect(shown(text)).toEqual(names));

  it("ends on any text, and finds nothing where dollar signs are doubled", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(variablesIn(text.replaceAll("$", "$$$$"))).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", ":", "-") }), (text) => void variablesIn(text)),
    );
  });

  it("reads the keys of a .env file", () => {
    expect(keysOfEnvFile("# A=1\nB=2\n export C = 3\nD: 4\n\nE\n=5\n")).toEqual(["B", "C", "D"]);
  });
});
