import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatProblem } from "../errors";
import { parse } from "../validate";
import { HostFacts } from "./facts";
import { fixture } from "./fixtures/fixture";
import { enforce, Enforcement, findAll, judgesItsParts, overridesSchema, Rule, Severity } from "./rule";

const refusal = (id: string, overridable: boolean): Rule<unknown> => ({
  id,
  severity: Severity.Refuse,
  overridable,
  about: "",
  find: () => [{ path: ["nic"], message: `${id} is wrong`, remedy: "put it right" }],
});
const firm = refusal("firm", false);
const soft = refusal("soft", true);
const warning: Rule<unknown> = { ...refusal("warning", false), severity: Severity.Warn };
const rules = [firm, soft, warning];

let facts: HostFacts;
let log: string[];
beforeEach(() => {
  facts = fixture("trixie-bare");
  log = [];
  for (const level of ["warn", "info"] as const)
    vi.spyOn(pulumi.log, level).mockImplementation((text) => {
      log.push(`${level}: ${text}`);
      return Promise.resolve();
    });
});
afterEach(() => void vi.restoreAllMocks());

/** What the run is refused for, with what is found by some of the rules. */
function refused(by: readonly Rule<unknown>[], options: Partial<Enforcement> = {}): string {
  try {
    enforce(findAll(by, facts, undefined), ["gw1"], { facts, ...options });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("findings", () => {
  it("refuse with everything at once, and say which may be passed over and where to read of it", () => {
    expect(refused(rules)).toBe(
      "gw1.nic: firm is wrong; put it right\n" +
        'gw1.nic: soft is wrong; put it right; or pass it over with overrides: ["soft"] (docs/rules.md#soft)',
    );
  });

  it("warn with where to read of it, once a run, and go on", () => {
    expect(refused([warning])).toBe("");
    expect(refused([warning])).toBe("");
    expect(log).toEqual(["warn: gw1.nic: warning is wrong; put it right (docs/rules.md#warning)"]);
    facts = fixture("trixie-bare");
    expect(refused([warning])).toBe("");
    expect(log).toHaveLength(2);
  });

  it("are passed over by name, which is told", () => {
    expect(refused([soft, warning], { overrides: ["soft", "warning"] })).toBe("");
    expect(log).toEqual([
      "info: gw1.nic: passed over (soft): soft is wrong",
      "info: gw1.nic: passed over (warning): warning is wrong",
    ]);
    expect(refused([firm, soft], { overrides: ["soft"] })).toBe("gw1.nic: firm is wrong; put it right");
  });

  it("are those of the whole where a component judges its parts", async () => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    const parent = new pulumi.ComponentResource("test:index:Host", "gw1");
    await pulumi.runtime.disconnect();
    expect(refused(rules, { parent })).not.toBe("");
    judgesItsParts(parent);
    expect(refused(rules, { parent })).toBe("");
  });
});

describe("overrides", () => {
  const problems = (ids: unknown) => parse(overridesSchema(rules), ids, ["overrides"]).problems.map(formatProblem);

  it("are ids of rules that can be passed over", () => {
    expect(problems(undefined)).toEqual([]);
    expect(problems([])).toEqual([]);
    expect(problems(["soft", "warning"])).toEqual([]);
  });

  it.each([
    [["firm"], "overrides[0]: the rule firm is not one to pass over; do what it says (docs/rules.md)"],
    [["soft", "warnin"], 'overrides[1]: there is no rule "warnin" here; did you mean warning?'],
    [["anything"], 'overrides[0]: there is no rule "anything" here; those that can be passed over: soft, warning'],
    ["soft", "overrides: is text; give a list"],
  ])("%j is refused", (ids, expected) => expect(problems(ids)).toEqual([expected]));
});
