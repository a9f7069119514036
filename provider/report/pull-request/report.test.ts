import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Position } from "../located";
import { hostReport, HostReport, Preview, previewBetween, previewOf, renderReport } from ".";

/** What the real engine said in a preview of the host gw1 (fixtures/record.ts). */
function recorded(name: string): Preview {
  return previewOf(JSON.parse(readFileSync(join(__dirname, "fixtures", `${name}.json`), "utf8")) as EngineEvent[]);
}

/** The same preview of another host of a fleet. */
function of(host: string, preview: Preview): Preview {
  return JSON.parse(JSON.stringify(preview).replace(/\bgw1\b/g, host)) as Preview;
}

const here = (line: number): Position => ({ file: "fleet.yaml", line, column: 9 });
const at = (name: string, contact: HostReport["contact"] = "observed", locate?: () => Position): HostReport =>
  hostReport("gw1", contact, recorded(name), locate);
const golden = (text: string, name: string): Promise<void> =>
  expect(text).toMatchFileSnapshot(join("__snapshots__", `${name}.md`));

describe("renderReport", () => {
  it("first run of a host", () => golden(renderReport({ hosts: [at("create")] }), "create"));

  it("appliances changed, added and removed, with a warning and its place", () =>
    golden(renderReport({ hosts: [at("change", "observed", () => here(31))] }), "change"));

  it("a replaced network takes its appliances down", () => golden(renderReport({ hosts: [at("network")] }), "network"));

  it("what was changed on the host by hand", () => golden(renderReport({ hosts: [at("drift")] }), "drift"));

  it("a secret, and nothing else", () => golden(renderReport({ hosts: [at("secret")] }), "secret"));

  it("another NIC", () => golden(renderReport({ hosts: [at("link")] }), "link"));

  it("nothing at all", () => golden(renderReport({ hosts: [at("same")] }), "same"));

  it("a preview that was refused by a finding", () =>
    golden(renderReport({ hosts: [at("failed", "observed", () => here(24))] }), "refused"));

  it("a preview that failed for another reason, beside hosts that go well", () => {
    const said = "could not open the state: passphrase must be set\nwith `backticks` and | pipes";
    const broken: Preview = { steps: [], failed: true, diagnostics: [{ severity: "error", message: said }] };
    const hosts = [
      at("change"),
      hostReport("gw2", "observed", broken),
      hostReport("gw3", "unreachable", of("gw3", recorded("patience"))),
      hostReport("gw4", "observed", of("gw4", recorded("same"))),
    ];
    return golden(renderReport({ hosts, fleet: "home/fleet.yaml" }), "failed");
  });

  it("an inventory that cannot be used", () => {
    const problems = [
      {
        path: ["hosts", "gw1", "appliances", "dns", "ip"],
        message: "192.168.76.1 is the gateway of network lan",
        remedy: "choose a free address outside dhcpPool (next free: 192.168.76.2)",
        position: here(14),
      },
      {
        path: ["hosts"],
        message: "the host <b>gw9</b> @all is twice",
        remedy: "",
        position: here(2),
        hosts: ["gw1", "gw9"],
      },
    ];
    return golden(renderReport({ hosts: [], problems }), "inventory");
  });

  it("a fork: no state, no access, the two inventories compared", () => {
    const head = previewOf(
      events("create", { "192.168.76.80": "192.168.76.81", "02:42:c0:a8:4c:50": "02:42:c0:a8:4c:51" }),
    );
    const hosts = [
      hostReport("gw1", "offline", previewBetween(recorded("create"), head)),
      hostReport("gw2", "offline", previewBetween(undefined, of("gw2", recorded("create")))),
    ];
    return golden(renderReport({ hosts, against: "the inventory of main" }), "fork");
  });

  it("a fleet of one template: the same difference is shown once", () => {
    const hosts = ["gw1", "gw2", "gw3", "gw4", "gw5", "gw6", "gw7", "gw8"].map((name, i) =>
      hostReport(name, "observed", of(name, recorded(i === 2 ? "same" : "upgrade"))),
    );
    return golden(renderReport({ hosts }), "upgrade");
  });

  it("an appliance that moves to another host, and a host that left", () => {
    const moved = previewBetween(undefined, of("gw2", recorded("create")));
    const only = { ...moved, steps: moved.steps.filter(({ urn }) => /vpn/.test(urn)) };
    const left: HostReport = {
      ...{ name: "gw9", contact: "observed", refusals: [], warnings: [], passedOver: [], removed: true },
    };
    return golden(renderReport({ hosts: [at("change"), hostReport("gw2", "observed", only), left] }), "moved");
  });
});

/** Recorded events with other values. */
function events(name: string, values: Record<string, string>): EngineEvent[] {
  const text = readFileSync(join(__dirname, "fixtures", `${name}.json`), "utf8");
  return JSON.parse(
    Object.entries(values).reduce((all, [from, to]) => all.replaceAll(from, to), text),
  ) as EngineEvent[];
}

describe("the size of a report", () => {
  const fleet = (size: number): HostReport[] =>
    Array.from({ length: size }, (_, i) => {
      const name = `host-${String(i).padStart(4, "0")}`;
      const preview = of(name, recorded(["change", "network", "create", "same"][i % 4]!));
      // No two hosts have the same text, so that nothing is told by reference.
      return hostReport(name, "observed", JSON.parse(JSON.stringify(preview).replaceAll("dns", `dns${i}`)) as Preview);
    });

  it.each([1, 20, 200])("a comment takes the report of %i hosts", (size) => {
    const text = renderReport({ hosts: fleet(size), limit: 20_000 });
    expect(text.length).toBeLessThanOrEqual(20_000);
    expect(text).toContain("## macvlan: ");
    if (size > 1) expect(text).toContain("left out: ");
    expect(text.match(/<details/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    expect((text.match(/^```/gm)?.length ?? 0) % 2).toBe(0);
  });

  it("a comment takes the report of 1000 hosts, and the refused one is in it", () => {
    const hosts = [...fleet(1000), hostReport("gw1", "observed", recorded("failed"))];
    const text = renderReport({ hosts });
    expect(text.length).toBeLessThanOrEqual(62_000);
    expect(text).toContain("192.168.76.80 answers on the LAN with the MAC");
  });

  it("tells a few of many moves, each once", () => {
    const all = ["vpn1", "vpn2", "vpn3", "vpn4", "vpn5", "vpn6", "vpn7", "vpn8", "vpn9", "vpn10"];
    const hosts = all.flatMap((name, i) => {
      const to = of(`b${i}`, recorded("create"));
      const only = { ...to, steps: to.steps.filter(({ urn }) => /vpn/.test(urn)) };
      return [of(`a${i}`, recorded("change")), only].map((preview, side) =>
        hostReport(
          `${"ab"[side]}${i}`,
          "observed",
          JSON.parse(JSON.stringify(preview).replaceAll("vpn", name)) as Preview,
        ),
      );
    });
    const text = renderReport({ hosts });
    expect(text.match(/ moves from /g)).toHaveLength(8);
    expect(text).toContain("- `vpn1` moves from `a0` to `b0`\n");
    expect(text).toContain("- 2 more appliances move\n");
  });

  it("a fleet where everything is refused still fits, and says how many there are", () => {
    const refusal = { path: ["x"], message: "m".repeat(300), remedy: "r" };
    const problems = Array.from({ length: 2000 }, () => refusal);
    const text = renderReport({ hosts: [], problems });
    expect(text.length).toBeLessThanOrEqual(62_000);
    expect(text).toContain("2000 problems");
  });
});

describe("text of others", () => {
  it("is never markup", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("`", "|", "<", ">", "\n", "@", "a", "*", "-", "!", "[", "]") }),
        (evil) => {
          const problem = { path: ["hosts", evil], message: evil, remedy: evil };
          const text = renderReport({ hosts: [], problems: [problem] });
          expect(text.replace(/`+[^\n]*`+/g, "")).not.toMatch(/<[^!]|(^|\s)@\w/);
          expect(text.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(1);
        },
      ),
    );
  });

  it("does not end the fence that it stands in", () => {
    const step = recorded("create").steps.find(({ urn }) => urn.endsWith("gw1-dns-appliance"))!;
    const files = `== compose.yaml\n# \`\`\`\`\n</details>\nservices: {}`;
    const changed = { ...step, kind: "update" as const, old: step.new, new: { environment: { FILES: files } } };
    const text = renderReport({
      hosts: [hostReport("gw1", "observed", { steps: [changed], diagnostics: [], failed: false })],
    });
    expect(text).toMatch(/^`````diff$/m);
  });
});
