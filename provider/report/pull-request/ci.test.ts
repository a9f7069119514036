// The workflow files of examples/ci, as far as they can be tried without the services that they are for.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { program } from "../../cli/main";
import { reportMarker } from ".";

const examples = join(__dirname, "..", "..", "..", "examples", "ci");
const read = (file: string): unknown =>
  parse(readFileSync(join(examples, file), "utf8"), {
    customTags: [{ tag: "!reference", collection: "seq", resolve: (seq: unknown) => seq }],
  });

interface Workflow {
  concurrency: unknown;
  permissions: Record<string, string>;
  jobs: Record<
    string,
    { permissions?: object; env?: Record<string, string>; steps: { name?: string; uses?: string; run?: string }[] }
  >;
}
const workflows = ["preview", "comment", "apply"].map((name) => ({
  name,
  workflow: read(`github/${name}.yml`) as Workflow,
}));

const pipeline = read("gitlab/.gitlab-ci.yml") as Record<string, Record<string, unknown>>;

/** Every script of the files as a shell gets it, by where it stands. */
const scripts: [string, string][] = [
  ...workflows.flatMap(({ name, workflow }) =>
    Object.entries(workflow.jobs).flatMap(([job, { steps }]) =>
      steps.flatMap(({ run, name: step }): [string, string][] =>
        run === undefined ? [] : [[`${name}.yml ${job} ${step ?? run}`, run]],
      ),
    ),
  ),
  ...Object.entries(pipeline).flatMap(([name, job]) =>
    ["before_script", "script", "after_script"].flatMap((key): [string, string][] => {
      const lines = Array.isArray(job[key]) ? (job[key] as unknown[]).filter((line) => typeof line === "string") : [];
      return lines.length === 0 ? [] : [[`.gitlab-ci.yml ${name} ${key}`, lines.join("\n")]];
    }),
  ),
];

/** The calls of `macvlan` in it, as arguments. */
function callsIn(script: string): string[][] {
  const lines = script.replace(/\\\n\s*/g, " ").matchAll(/(?:npx |bin\/)macvlan ([^\n|;#>)]*)/g);
  return [...lines].map(([, words]) =>
    words!
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/"/g, "")),
  );
}

/** What the CLI has to say against its arguments. */
async function refusal(args: readonly string[]): Promise<string | undefined> {
  const macvlan = program("0.0.0");
  let said = "";
  for (const each of [macvlan, ...macvlan.commands]) {
    each.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
    if (each !== macvlan) each.action(() => undefined);
  }
  return macvlan.parseAsync(args, { from: "user" }).then(
    () => undefined,
    () => said,
  );
}

describe("what the files run", () => {
  const calls = scripts.flatMap(([, script]) => callsIn(script));
  const manual = ["README.md", "docs/doctor.md", "docs/fleet.md", "docs/inventory.md"].flatMap((file) => {
    const lines = readFileSync(join(examples, "..", "..", file), "utf8").match(/^npx macvlan .*$/gm) ?? [];
    return lines.flatMap((line) => callsIn(line.replace(/ {3,}[a-z].*$/, "")));
  });

  it("is understood by the CLI, and so is what the manual says", async () => {
    expect(calls.map(([command]) => command).sort()).toEqual([
      "preview",
      "preview",
      "preview",
      "preview",
      "shards",
      "up",
      "up",
    ]);
    expect(manual.length).toBeGreaterThan(10);
    for (const call of [...calls, ...manual]) expect(await refusal(call), call.join(" ")).toBeUndefined();
    expect(await refusal(["preview", "-i", "fleet.yaml", "--of", "4"])).toContain("unknown option '--of'");
  });

  const shellcheck = existsSync("/usr/bin/shellcheck");
  it.skipIf(!shellcheck).each(scripts)("shellcheck has nothing to say of %s", (_, script) => {
    const { status, stdout } = spawnSync("shellcheck", ["-s", "bash", "-"], { input: script, encoding: "utf8" });
    expect(status, stdout).toBe(0);
  });

  it("applies one merge at a time", () => {
    const { concurrency } = workflows[2]!.workflow;
    expect(concurrency).toEqual({ group: "macvlan-apply", "cancel-in-progress": false });
    expect(pipeline["apply"]!["resource_group"]).toBe("macvlan-$SHARD");
  });
});

describe("GitHub workflows", () => {
  it.each(workflows)("$name uses GitHub's own actions alone, and puts no expression into a script", ({ workflow }) => {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    for (const { uses, run } of steps) {
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
      // What a pull request calls its branch would otherwise be run.
      expect(run ?? "").not.toContain("${{");
    }
  });

  it("may write nowhere but in the comment, and run nothing of a pull request there", () => {
    const [preview, comment, apply] = workflows.map(({ workflow }) => workflow);
    for (const { permissions, jobs } of [preview!, apply!]) {
      expect(Object.values(permissions)).not.toContain("write");
      expect(Object.values(jobs).every((job) => job.permissions === undefined)).toBe(true);
    }
    expect(comment!.permissions).toEqual({ actions: "read", "pull-requests": "write" });
    expect(comment!.jobs["comment"]!.steps.filter(({ uses }) => uses !== undefined)).toEqual([]);
    expect(JSON.stringify(preview!.jobs["fork"])).not.toMatch(/secrets\.|vars\./);
  });

  const actionlint = ["/usr/bin", "/usr/local/bin", `${process.env.HOME ?? ""}/go/bin`]
    .map((bin) => join(bin, "actionlint"))
    .find(existsSync);
  it.skipIf(actionlint === undefined)("actionlint has nothing to say", () => {
    const files = workflows.map(({ name }) => join(examples, "github", `${name}.yml`));
    const { status, stdout } = spawnSync(actionlint!, files, { encoding: "utf8" });
    expect(status, stdout).toBe(0);
  });
});

describe("the comment", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "macvlan-comment-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const job = workflows[1]!.workflow.jobs["comment"]!;
  const script = job.steps.find(({ name }) => name === "Write the comment")!.run!;

  /** Runs the step with a `gh` that keeps what it is asked; `known` is the comment that is there already. */
  function post(report: string | undefined, known = ""): { calls: string[]; body: string } {
    if (report !== undefined) writeFileSync(join(folder, "artifact"), report);
    const gh = [
      "#!/bin/sh",
      `echo "$*" >>'${folder}/calls'`,
      `case "$*" in`,
      `  "run download"*) test -f '${folder}/artifact' && cp '${folder}/artifact' report.md ;;`,
      `  *--paginate*) printf '%s' '${known}' ;;`,
      "esac",
    ];
    writeFileSync(join(folder, "gh"), `${gh.join("\n")}\n`);
    chmodSync(join(folder, "gh"), 0o755);
    const env = {
      ...{ PATH: `${folder}:${process.env.PATH ?? ""}`, GITHUB_REPOSITORY: "o/r", NUMBER: "7", RUN_ID: "1" },
      ...{ RUN_URL: "https://example.com/1", MARKER: job.env!["MARKER"]! },
    };
    const { status, stderr } = spawnSync("bash", ["-e", "-c", script], { cwd: folder, env, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
    return { calls, body: readFileSync(join(folder, "body.md"), "utf8") };
  }

  it("is known by the first line of a report", () => expect(job.env!["MARKER"]).toBe(reportMarker()));

  it("is made once, and replaced from then on", () => {
    const report = `${reportMarker()}\n## macvlan: nothing changes\n`;
    expect(post(report)).toEqual({
      calls: expect.arrayContaining(["api --silent repos/o/r/issues/7/comments -F body=@body.md"]) as unknown,
      body: report,
    });
    expect(post(report, "42").calls.at(-1)).toBe("api --silent -X PATCH repos/o/r/issues/comments/42 -F body=@body.md");
  });

  it("says so when there is no report", () => {
    const { body } = post(undefined);
    expect(body.split("\n")[0]).toBe(reportMarker());
    expect(body).toContain("did not get as far as a report");
  });

  it("stays within the limit, and is ours, whatever a fork has put into the report", () => {
    const { body } = post(`<!-- somebody else's -->\n${"x".repeat(100_000)}`);
    expect(body.startsWith(`${reportMarker()}\n`)).toBe(true);
    expect(body.length).toBeLessThanOrEqual(65_000);
  });
});

describe("GitLab pipeline", () => {
  it("knows its note by the first line of a report", () => {
    expect((pipeline["preview"]!["after_script"] as string[]).join("\n")).toContain(`marker='${reportMarker()}'`);
  });
});
