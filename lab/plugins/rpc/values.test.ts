import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detailedDiff, equal, hasUnknown, pathText, plain, topOf, UNKNOWN, type Value } from "./values";

const secret = (value: Value): Value => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

const values = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(fc.boolean(), fc.integer(), fc.string()) as fc.Arbitrary<Value>,
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
    tie("value").map(secret),
  ),
})).value;

describe("property values", () => {
  test("secrets come off at any depth", () => {
    expect(plain({ a: [secret({ b: secret("c") })], d: "e" })).toEqual({ a: [{ b: "c" }], d: "e" });
  });

  test("unknowns are found at any depth", () => {
    expect(hasUnknown({ a: [secret(UNKNOWN)] })).toBe(true);
    expect(hasUnknown({ a: ["x", null] })).toBe(false);
  });

  test("a value equals itself and has no differences to itself", () => {
    fc.assert(
      fc.property(values, (value) => {
        const copy = JSON.parse(JSON.stringify(value)) as Value;
        return equal(value, copy) && Object.keys(detailedDiff({ value }, { value: copy })).length === 0;
      }),
    );
  });

  test("what is not equal has a difference", () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        fc.pre(!equal(one, other));
        return Object.keys(detailedDiff({ value: one }, { value: other })).length > 0;
      }),
    );
  });

  test.each<[Value, Value, object]>([
    [{ e: { A: "1" } }, { e: { A: "2", B: "3" } }, { "e.A": "UPDATE", "e.B": "ADD" }],
    [{ e: { "a-b": "1" } }, { e: {} }, { 'e["a-b"]': "DELETE" }],
    [{ t: ["x"] }, { t: ["y", "z"] }, { "t[0]": "UPDATE", "t[1]": "ADD" }],
    [{ s: secret("x") }, { s: secret("y") }, { s: "UPDATE" }],
    [{ s: "x" }, { s: secret("x") }, { s: "UPDATE" }],
    [{ s: "x" }, { s: null }, { s: "DELETE" }],
    [{ s: "x" }, { s: ["x"] }, { s: "UPDATE" }],
  ])("%j to %j", (old, now, expected) => {
    expect(detailedDiff(old, now)).toEqual(expected);
  });

  test("paths", () => {
    expect(pathText(["a", 0, "b", "c d", 'e"'])).toBe('a[0].b["c d"]["e\\""]');
    expect(["environment.A", "triggers[0]", "plain"].map(topOf)).toEqual(["environment", "triggers", "plain"]);
  });
});
