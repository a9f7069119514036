import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DOCTOR_PAGE, doctorPage } from "../../scripts/doctor-page";
import { recorded } from "../doctor/fixtures/sight";
import { addressTable } from "./provision/text";
import { Exit, PlacedFinding, refusalOf, Report, reportOf } from "./report";
import { doctored, run, Target } from "./run";
import { plain, styleOf, wrap } from "./style";
import { formatReport } from "./text";

const FIXTURES = join(__dirname, "..", "doctor", "fixtures");
const target = (name: string): Target => ({ name, ssh: { destination: name } });
const doctor = (name: string): Report => reportOf("doctor", [doctored(target("host"), recorded(name))]);

describe("recorded hosts, as a person reads of them", () => {
  it.each(readdirSync(FIXTURES).flatMap((name) => /^(.*)\.txt$/.exec(name)?.[1] ?? []))("%s", (name) =>
    expect(formatReport(doctor(name), plain)).toMatchSnapshot(),
  );

  it("are what the manual shows; `npm run docs` writes it", () =>
    expect(readFileSync(DOCTOR_PAGE, "utf8")).toBe(doctorPage()));
});

it("has in --json what it has in text, in the documented shape", () => expect(doctor("ghost")).toMatchSnapshot());

it("prints addresses of stacks, with IPv6 where there is any", () => {
  const dns = { ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35" };
  expect(addressTable({ gw1: { appliances: { dns } }, gw2: null, gw3: {} })).toEqual([
    "HOST  APPLIANCE  IP             MAC",
    "gw1   dns        192.168.76.53  02:42:c0:a8:4c:35",
  ]);
  const web = { ip: "192.168.76.80", ip6: "fd00:76::80", mac: "02:42:c0:a8:4c:50" };
  expect(addressTable({ gw1: { appliances: { dns, web } } })).toEqual([
    "HOST  APPLIANCE  IP             IPV6         MAC",
    "gw1   dns        192.168.76.53               02:42:c0:a8:4c:35",
    "gw1   web        192.168.76.80  fd00:76::80  02:42:c0:a8:4c:50",
  ]);
});

describe("exit codes", () => {
  const see = ({ ssh }: Target) =>
    Promise.resolve(
      ssh.destination === "gone"
        ? { fault: { message: "gone cannot be reached", remedy: "make it work" } }
        : { sight: recorded(ssh.destination) },
    );
  const exit = async (...names: string[]) => (await run("doctor", names.map(target), see)).exitCode;

  it("are 0 for nothing and for notes, 3 for findings", async () => {
    expect(await exit("no-macvlan")).toBe(Exit.Fine);
    expect(await exit("ghost")).toBe(Exit.Findings);
    expect(await exit("no-macvlan", "ghost")).toBe(Exit.Findings);
  });

  it("are 1 if a host could not be looked at, while the others are told", async () => {
    const report = await run("doctor", ["gone", "ghost"].map(target), see);
    expect(report.exitCode).toBe(Exit.CouldNotLook);
    expect(formatReport(report, plain)).toMatch(
      /^gone {2}could not be looked at\n {2}gone cannot be reached\n[^]*lan is a ghost/,
    );
  });

  it("are 2 for bad input", () => expect(refusalOf("doctor", []).exitCode).toBe(Exit.BadInput));
});

describe("a comparison with the specification", () => {
  const preflight = (severity: PlacedFinding["severity"]): PlacedFinding => ({
    id: "some-rule",
    severity,
    position: { file: "gw1.yaml", line: 3, column: 5 },
    path: ["interface", "nic"],
    message: "is wrong",
    remedy: "choose another",
  });
  const drift = [
    { resource: "link", reasons: ["lan0 is missing"] },
    { resource: { lan: "iot", part: "link" }, reasons: ["iot0 is missing"] },
    { resource: { appliance: "dns" }, reasons: ["container dns does not run", "it has no eth0"] },
  ] as const;
  const text = (specification: Report["hosts"][number]["specification"]) =>
    formatReport(
      reportOf("verify", [{ host: "gw1", status: "ok", observed: "2026-11-21T03:20:11Z", specification }]),
      plain,
    );

  it("reads in one line if there is nothing", () =>
    expect(text({ inSync: true, drift: [], preflight: [] })).toBe("gw1  in sync  seen 2026-11-21 03:20:11Z\n"));

  it("tells what differs by resource, what would be refused with its place, warnings last", () => {
    expect(text({ inSync: false, drift, preflight: [preflight("warn")] })).toBe(
      [
        "gw1  3 parts differ, which pulumi up repairs  seen 2026-11-21 03:20:11Z",
        "  link      lan0 is missing",
        "  link iot  iot0 is missing",
        "  dns       container dns does not run",
        "  dns       it has no eth0",
        "  warning  gw1.yaml:3:5 interface.nic: is wrong; choose another",
        "",
      ].join("\n"),
    );
    expect(text({ inSync: false, drift: [], preflight: [preflight("refuse")] })).toContain("would be refused");
    expect(text({ inSync: true, drift: [], preflight: [preflight("overridden")] })).toMatch(
      /^gw1 {2}in sync[^]*overridden/,
    );
  });
});

describe("style", () => {
  it("has colours on a terminal alone, and not against NO_COLOR", () => {
    expect(styleOf({ isTTY: false }, {}).bad("x")).toBe("x");
    expect(styleOf({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
    expect(styleOf({ isTTY: true }, {}).bad("x")).not.toBe("x");
  });

  it("wraps between words only", () =>
    expect(wrap("one two /a/path/that/is/longer three", 12, "  ")).toBe(
      "  one two\n  /a/path/that/is/longer\n  three",
    ));
});
