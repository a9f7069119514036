import { expect, it } from "vitest";
import { z } from "zod";
import { formatProblem } from "./errors";
import { choice, parse, text } from "./validate";

const schema = z.strictObject({
  ip: text((value) => (value === "bad" ? { message: "is bad", remedy: "be good" } : undefined)),
  mode: choice(
    { None: "none", Pinned: "pinned" },
    { all: { message: "all is too much", remedy: "take pinned" } },
  ).optional(),
  wait: z.number().int().min(0).max(600).optional(),
  nested: z.strictObject({ gateway: z.string() }).optional(),
  list: z.array(z.strictObject({ name: z.string() })).optional(),
  at: text(() => undefined, "a place, such as here").optional(),
  named: z.record(
    text((key) => (key === "X" ? { message: '"X" is no name', remedy: "use x" } : undefined)),
    z.strictObject({ startAfter: z.string().optional() }),
  ),
});

const lines = (value: unknown) => parse(schema, value, ["gw1"]).problems.map(formatProblem);

it.each<[string, unknown, string[]]>([
  ["missing fields", {}, ["gw1.ip: is missing; give text", "gw1.named: is missing; give a group of named entries"]],
  ["a text that has a form", { ip: "a", named: { a: {} }, at: 5 }, ["gw1.at: is a number; give a place, such as here"]],
  ["nothing at all", undefined, ["gw1: is missing; give a group of fields"]],
  [
    "wrong types",
    { ip: 5, wait: "x", named: [] },
    [
      "gw1.ip: is a number; give text",
      "gw1.wait: is text; give a number",
      "gw1.named: is a list; give a group of named entries",
    ],
  ],
  ["a fraction", { ip: "a", wait: 1.5, named: {} }, ["gw1.wait: is a number with a fraction; give a whole number"]],
  ["limits", { ip: "a", wait: 601, named: {} }, ["gw1.wait: is too large; at most 600"]],
  [
    "an unknown choice",
    { ip: "a", mode: "some", named: {} },
    ['gw1.mode: has a value that is not known here; choose one of "none", "pinned"'],
  ],
  ["a choice that is refused", { ip: "a", mode: "all", named: {} }, ["gw1.mode: all is too much; take pinned"]],
  ["a choice of another type", { ip: "a", mode: ["all"], named: {} }, [expect.stringContaining("gw1.mode: ")]],
  [
    "a mistyped field",
    { ip: "a", named: {}, nested: { gateway: "x", gatewy: 1 } },
    ['gw1.nested.gatewy: there is no field "gatewy" here; did you mean "gateway"?'],
  ],
  [
    "a mistyped field below a name",
    { ip: "a", named: { dns: { startafter: "x" } } },
    ['gw1.named.dns.startafter: there is no field "startafter" here; did you mean "startAfter"?'],
  ],
  [
    "a field of a list",
    { ip: "a", named: {}, list: [{ name: "a", zzzzzz: 1 }] },
    ['gw1.list[0].zzzzzz: there is no field "zzzzzz" here; known fields: name'],
  ],
  ["a refinement", { ip: "bad", named: {} }, ["gw1.ip: is bad; be good"]],
  ["a key", { ip: "a", named: { X: {} } }, ['gw1.named.X: "X" is no name; use x']],
])("%s", (_, value, expected) => expect(lines(value)).toEqual(expected));

it("never prints a value that may be a secret", () => {
  expect(lines({ ip: { password: "hunter2" }, named: "hunter2", mode: "hunter2" }).join()).not.toContain("hunter2");
});
