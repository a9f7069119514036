import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import { Preview, previewOf } from "../../report/pull-request";
import { parsePlan, notReviewed, planOf } from "./plan";

const FIXTURES = join(__dirname, "..", "..", "report", "pull-request", "fixtures");
const text = (name: string): string => readFileSync(join(FIXTURES, `${name}.json`), "utf8");
/** What the real engine said in a preview of the host gw1. */
const recorded = (name: string, change = (json: string): string => json): Preview =>
  previewOf(JSON.parse(change(text(name))) as EngineEvent[]);
const plan = (name: string, change?: (json: string) => string) => planOf("gw1", recorded(name, change));

describe("a plan", () => {
  it("is the same for the same preview, in whatever order its steps came", () => {
    const { steps } = recorded("change");
    expect(planOf("gw1", { steps: [...steps].reverse() })).toEqual(plan("change"));
  });

  it("has what changes, and nothing that stays", () => {
    expect(plan("same").steps).toEqual([]);
    expect(plan("secret").steps.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["update gw1-dns-appliance"]);
  });

  it("is the same when the same drift is seen later, and another one when it is another drift", () => {
    const later = plan("drift", (json) => json.replaceAll("03:20:11Z", "09:59:59Z"));
    expect(later.digest).toBe(plan("drift").digest);
    expect(plan("drift", (json) => json.replaceAll("c0:a8:4c:51", "c0:a8:4c:52")).digest).not.toBe(later.digest);
  });

  it("is the same whether the host was looked at or not, where the specification goes on", () => {
    const looked = (reason: string): Preview => {
      const preview = recorded("change");
      const steps = preview.steps.map((step) => {
        if (step.name !== "gw1-web-appliance") return step;
        const REPAIR = `${reason}, seen 2026-11-21 03:20:11Z`;
        const after = { ...step.new, environment: { ...(step.new!["environment"] as object), REPAIR } };
        return { ...step, new: after, paths: [...step.paths, "environment.REPAIR"] };
      });
      return { ...preview, steps };
    };
    expect(planOf("gw1", looked("this host has another version of web"))).toEqual(plan("change"));
    const stopped = planOf("gw1", looked("container web is stopped"));
    expect(notReviewed(plan("change"), stopped)).toEqual(["update gw1-web-appliance is another one now"]);
  });

  it("has no values in it", () => expect(JSON.stringify(plan("change"))).not.toMatch(/192\.168|good morning|sha256:/));

  it("comes back as it was written, and not when somebody changed it", () => {
    const written = JSON.stringify(plan("change"));
    expect(parsePlan(written)).toEqual(plan("change"));
    for (const broken of ["", "{}", "null", written.replace('"kind":"delete"', '"kind":"update"')])
      expect(parsePlan(broken), broken).toBeUndefined();
  });

  it("tells what is another one now", () => {
    expect(notReviewed(plan("change"), plan("change"))).toEqual([]);
    const now = plan("change", (json) => json.replaceAll("good morning", "good evening"));
    expect(notReviewed(plan("change"), now)).toEqual(["update gw1-web-appliance is another one now"]);
    expect(notReviewed(plan("change"), plan("secret"))).toEqual(["update gw1-dns-appliance is another one now"]);
    expect(notReviewed(plan("same"), plan("secret"))).toEqual(["update gw1-dns-appliance was not in it"]);
  });

  it("what is done already is no longer in it, and the rest may be done", () => {
    const { steps, ...rest } = plan("change");
    expect(notReviewed(plan("change"), { ...rest, steps: steps.slice(1) })).toEqual([]);
    expect(notReviewed(plan("change"), plan("same"))).toEqual([]);
  });
});
