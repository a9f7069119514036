import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import { previewBetween } from "./between";
import { hostChange } from "./change";
import { hostReport, pathOf } from "./host";
import { Preview, previewOf, UNKNOWN } from "./preview";

const text = (name: string): string => readFileSync(join(__dirname, "fixtures", `${name}.json`), "utf8");
const recorded = (name: string, change = (json: string): string => json): Preview =>
  previewOf(JSON.parse(change(text(name))) as EngineEvent[]);
const kinds = (preview: Preview): string[] =>
  hostChange(preview).changes.map(({ kind, stage, name, downtime }) => `${kind} ${stage} ${name} ${downtime}`);

describe("previewOf", () => {
  it("has one step for a resource, also where the engine tells a replacement in parts", () => {
    const { steps, failed } = recorded("network");
    expect(new Set(steps.map(({ urn }) => urn)).size).toBe(steps.length);
    const network = steps.find(({ type }) => type === "docker:index/network:Network")!;
    expect(network.kind).toBe("replace");
    expect(network.old).toMatchObject({ ipamConfigs: [{ gateway: "192.168.76.1" }] });
    expect(network.new).toMatchObject({ ipamConfigs: [{ gateway: "192.168.76.2" }] });
    expect(failed).toBe(false);
  });

  it("masks secrets, and knows that one changed", () => {
    const step = recorded("secret").steps.find(({ name }) => name === "gw1-dns-appliance")!;
    expect(step.new).toMatchObject({ stdin: "[secret]" });
    expect(step.paths).toEqual(["stdin"]);
    expect(JSON.stringify(recorded("secret"))).not.toMatch(/hunter|1b47061264138c4ac30d75fd1eb44270/);
  });

  it("has each message once, without the marks of a terminal, and nothing of what passes by", () => {
    const said = (message: string, more = {}): EngineEvent =>
      ({ diagnosticEvent: { message, color: "never", severity: "error", ...more } }) as EngineEvent;
    const events = [
      said("<{%fg 1%}>no<{%reset%}>\n"),
      said("no"),
      said("x", { ephemeral: true }),
      said("y", { severity: "debug" }),
    ];
    expect(previewOf(events).diagnostics).toEqual([{ severity: "error", message: "no" }]);
  });
});

describe("hostChange", () => {
  it.each([
    ["same", []],
    ["secret", ["update appliance dns may restart"]],
    ["patience", ["update appliance web none"]],
    ["upgrade", ["update boot boot shim none"]],
    ["link", ["update link lan0 none"]],
    ["drift", ["update link lan0 none", "update appliance web may restart"]],
    [
      "change",
      [
        "update appliance dns restarts",
        "create appliance ntp starts",
        "delete appliance vpn stops",
        "update appliance web restarts",
      ],
    ],
  ])("%s", (name, expected) => expect(kinds(recorded(name))).toEqual(expected));

  it("tells why drift is repaired, without the time, and that dockerd restarts", () => {
    const change = hostChange(recorded("drift"));
    expect(change.dockerd).toBe(true);
    expect(change.changes.flatMap(({ drift }) => drift).join()).not.toContain("seen");
    const network = (json: string): string =>
      json.replace(
        /"labels": \[/g,
        '"labels": [{"label": "pulumi-macvlan.repair", "value": "network lan is missing, seen 2026-11-21 03:20:11Z"},',
      );
    // The same reason before and after is that of the last run.
    expect(hostChange(recorded("network", network)).changes[0]!.drift).toEqual([]);
    const preview = recorded("network");
    const steps = preview.steps.map((step) =>
      step.type === "docker:index/network:Network"
        ? recorded("network", network).steps.find(({ urn }) => urn === step.urn)!
        : step,
    );
    const old = preview.steps.find(({ type }) => type === "docker:index/network:Network")!.old!;
    const only = steps.map((step) => (step.type === "docker:index/network:Network" ? { ...step, old } : step));
    expect(hostChange({ ...preview, steps: only }).changes[0]!.drift).toEqual(["network lan is missing"]);
  });

  it("tells the IPv6 half of a network, and the IPv6 address of an appliance before and after", () => {
    const preview = recorded("network");
    const half = { subnet: "fd00:76::/64", gateway: "fd00:76::1", ipRange: "fd00:76::1/128" };
    const steps = preview.steps.map((step) => {
      const { FILES } = (step.new?.["environment"] ?? {}) as { FILES?: string };
      const after = { ...step.new };
      if (step.type === "docker:index/network:Network")
        after["ipamConfigs"] = [half, ...(after["ipamConfigs"] as object[])];
      if (step.name === "gw1-dns-appliance")
        after["environment"] = { FILES: FILES!.replace("IP='", "IP6='fd00:76::53'\nIP='") };
      return { ...step, new: after };
    });
    const fields = (name: string) =>
      hostChange({ ...preview, steps }).changes.find((change) => change.name === name)!.fields;
    expect(fields("lan")).toEqual([
      { label: "gateway", before: "192.168.76.1", after: "192.168.76.2" },
      { label: "subnet6", before: undefined, after: "fd00:76::/64" },
      { label: "gateway6", before: undefined, after: "fd00:76::1" },
    ]);
    expect(fields("dns").filter(({ label }) => label === "IPv6")).toEqual([
      { label: "IPv6", before: undefined, after: "fd00:76::53" },
    ]);
  });

  it("takes a comment in a compose file for no reason to restart", () => {
    const preview = recorded("patience", (json) => json.replace(/READY_TIMEOUT='300'/, "READY_TIMEOUT='120'"));
    const steps = preview.steps.map((step) => {
      const { FILES } = (step.new?.["environment"] ?? {}) as { FILES?: string };
      if (!step.name.endsWith("web-appliance")) return step;
      return {
        ...step,
        new: { ...step.new, environment: { FILES: FILES!.replace("services:", "# a word\nservices:") } },
      };
    });
    expect(kinds({ ...preview, steps })).toEqual(["update appliance web none"]);
  });
});

describe("previewBetween", () => {
  const base = recorded("create");

  it("finds nothing between the same", () => expect(kinds(previewBetween(base, base))).toEqual([]));

  it("finds everything new where there was nothing", () => {
    expect(kinds(previewBetween(undefined, base))).toHaveLength(6);
    expect(kinds(previewBetween(undefined, base)).every((line) => line.startsWith("create "))).toBe(true);
  });

  it("finds what is gone", () => {
    const without = { ...base, steps: base.steps.filter(({ urn }) => !urn.includes("vpn")) };
    expect(kinds(previewBetween(base, without))).toEqual(["delete appliance vpn stops"]);
  });

  it("replaces a network, and with it the appliances, whose network only the run will know", () => {
    expect(text("create")).toContain(UNKNOWN);
    const head = recorded("create", (json) =>
      json.replaceAll('"gateway": "192.168.76.1"', '"gateway": "192.168.76.2"'),
    );
    expect(kinds(previewBetween(base, head))).toEqual([
      "replace network lan none",
      "replace appliance dns replaced",
      "replace appliance vpn replaced",
      "replace appliance web replaced",
    ]);
  });

  it("takes a host under another address for another host", () => {
    const head = recorded("create", (json) => json.replace(/("triggers": \[\s*)"gw1"/g, '$1"gw9"'));
    expect(kinds(previewBetween(base, head)).map((line) => line.split(" ")[0])).toEqual(Array(5).fill("replace"));
  });
});

describe("hostReport", () => {
  it("places findings, and leaves to the engine what is not one", () => {
    const position = { file: "fleet.yaml", line: 3, column: 7 };
    const report = hostReport("gw1", "observed", recorded("failed"), (path) =>
      path.at(-1) === "ip" ? position : undefined,
    );
    expect(report.refusals).toHaveLength(1);
    expect(report.refusals[0]).toMatchObject({ path: ["gw1", "appliances", "web", "ip"], position });
    expect(report.failure).toBeUndefined();
  });

  it("takes complaints of plugins after a good preview for none", () => {
    const noise = (json: string): string =>
      json.replace(
        /\]\s*$/,
        `,${JSON.stringify({ diagnosticEvent: { message: "exited prematurely", severity: "error" } })}]`,
      );
    const report = hostReport("gw1", "observed", recorded("same", noise));
    expect([report.refusals, report.failure]).toEqual([[], undefined]);
  });

  it("reads paths as they are written", () => {
    expect(pathOf('gw1.appliances["x.y"].files["a/b"][2].z')).toEqual([
      "gw1",
      "appliances",
      "x.y",
      "files",
      "a/b",
      2,
      "z",
    ]);
  });
});
