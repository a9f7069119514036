import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { describe, expect, expectTypeOf, it } from "vitest";
import { codeQuality, githubAnnotations, sarif } from ".";
import { InventoryHost, PositionedProblem } from "../../fleet/inventory";
import { FleetHost } from "../fleet-host";
import { LocatedProblem } from "../located";

const problems: LocatedProblem[] = [
  {
    path: ["hosts", "gw1", "appliances", "dns", "ip"],
    message: "192.168.76.1 is the gateway of network lan",
    remedy: "choose a free address",
    position: { file: "fleets/my home, 100%.yaml", line: 14, column: 11 },
    hosts: ["gw1", "gw2", "gw3"],
  },
  { path: [], message: "two\nlines: 50%", remedy: "", position: { file: "fleet.yaml", line: 3, column: 1 } },
  { path: ["hosts"], message: "has no place", remedy: "" },
];

it("reports take what the inventory reads and finds as it is", () => {
  expectTypeOf<PositionedProblem>().toExtend<LocatedProblem>();
  expectTypeOf<keyof LocatedProblem>().toEqualTypeOf<keyof PositionedProblem>();
  expectTypeOf<InventoryHost>().toExtend<FleetHost>();
});

describe("githubAnnotations", () => {
  it("is one command a line, with what would end it escaped", () => {
    expect(githubAnnotations(problems)).toBe(
      "::error file=fleets/my home%2C 100%25.yaml,line=14,col=11,title=hosts.gw1.appliances.dns.ip::192.168.76.1 is the gateway of network lan; choose a free address (and in 2 more places that take this from here)\n" +
        "::error file=fleet.yaml,line=3,col=1::two%0Alines: 50%25\n" +
        "::error title=hosts::has no place\n",
    );
    expect(githubAnnotations([], "warning")).toBe("");
    expect(githubAnnotations(problems, "warning")).toMatch(/^::warning /);
  });
});

describe("codeQuality", () => {
  it("has what GitLab asks for, and different marks for different problems", () => {
    const issues = JSON.parse(codeQuality([...problems, ...problems])) as Record<string, unknown>[];
    expect(issues).toHaveLength(4);
    expect(issues[0]).toMatchObject({
      description: expect.stringMatching(/^hosts\.gw1\.appliances\.dns\.ip: 192/) as unknown,
      severity: "blocker",
      location: { path: "fleets/my home, 100%.yaml", lines: { begin: 14 } },
    });
    expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(4);
  });

  it("knows a problem again after lines were added above it", () => {
    const [first] = problems;
    const moved = { ...first!, position: { ...first!.position!, line: 20 } };
    const mark = (problem: LocatedProblem): unknown =>
      (JSON.parse(codeQuality([problem])) as { fingerprint: string }[])[0]!.fingerprint;
    expect(mark(moved)).toBe(mark(first!));
  });
});

describe("sarif", () => {
  const read = (file: string): object => JSON.parse(readFileSync(file, "utf8")) as object;
  // OASIS' own schema, its descriptions left out.
  const schema = read(join(__dirname, "fixtures", "sarif-schema-2.1.0.json"));
  const ajv = new Ajv({ schemaId: "id", meta: false, unknownFormats: "ignore", logger: false });
  ajv.addMetaSchema(read(require.resolve("ajv/lib/refs/json-schema-draft-04.json")));
  const validate = ajv.compile(schema);

  it("is valid by the published schema", () => {
    const text = sarif({ refusals: problems, warnings: [{ ...problems[1]!, id: "address-answers" }] }, "1.2.3");
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
    const { runs } = JSON.parse(text) as { runs: { results: object[] }[] };
    expect(runs[0]!.results).toHaveLength(4);
    expect(runs[0]!.results[0]).toMatchObject({
      ...{ ruleId: "inventory", level: "error" },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "fleets/my%20home%2C%20100%25.yaml" },
            region: { startLine: 14, startColumn: 11 },
          },
        },
      ],
    });
    expect(runs[0]!.results[3]).toMatchObject({ ruleId: "address-answers", ruleIndex: 0, level: "warning" });
  });

  it("is valid without any finding, and the schema refuses what is not", () => {
    expect(validate(JSON.parse(sarif({ refusals: [] }, "1.2.3")))).toBe(true);
    expect(validate({ version: "2.1.0", runs: [{ tool: {}, results: [{}] }] })).toBe(false);
  });
});
