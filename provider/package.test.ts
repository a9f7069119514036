import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest, GetSchemaResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import * as library from ".";

const run = promisify(execFile);
const ROOT = join(__dirname, "..");
const MINUTES = 60_000;
const work = mkdtempSync(join(tmpdir(), "macvlan-package-"));
const processes: ChildProcess[] = [];

afterAll(() => {
  for (const child of processes) child.kill();
  rmSync(work, { recursive: true, force: true });
});

interface Schema {
  readonly name: string;
  readonly resources: Record<string, { requiredInputs: string[]; properties: object; inputProperties: object }>;
  readonly types: object;
}

/** The schema as Pulumi's own plugin host makes it of the sources, started in a folder that is not this one. */
async function schemaOfPlugin(): Promise<Schema> {
  const host = join(ROOT, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin");
  const child = spawn("node", [host, ROOT, "127.0.0.1:1"], { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
  processes.push(child);
  let said = "";
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => /^\d+$/.test(data.toString().trim()) && resolve(data.toString().trim()));
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    child.on("exit", () => reject(new Error(said)));
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const response = await new Promise<GetSchemaResponse>((resolve, reject) =>
    client.getSchema(new GetSchemaRequest(), (error, answer) => (error ? reject(error) : resolve(answer))),
  );
  return JSON.parse(response.getSchema()) as Schema;
}

it(
  "is a plugin for programs in any language",
  async () => {
    const schema = await schemaOfPlugin();
    const components = Object.values(library).filter(
      (value) => typeof value === "function" && "isInstance" in value && value.name !== "SpecError",
    );
    expect(schema.name).toBe("pulumi-macvlan");
    expect(Object.keys(schema.resources).sort()).toEqual(
      components.map((component) => `pulumi-macvlan:index:${(component as { name: string }).name}`).sort(),
    );
    expect({ resources: schema.resources, types: schema.types }).toMatchSnapshot();
  },
  3 * MINUTES,
);

it(
  "is a library that brings what it sends to hosts",
  async () => {
    const dist = join(work, "dist");
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    await run("node", [tsc, "-p", "tsconfig.build.json", "--outDir", dist], { cwd: ROOT });
    cpSync(join(ROOT, "package.json"), join(work, "package.json"));
    await run("node", ["scripts/copy-host-files.mjs", dist], { cwd: ROOT });
    symlinkSync(join(ROOT, "node_modules"), join(work, "node_modules"));
    const program = `
      const names = Object.keys(require("./dist")).sort();
      const files = require("./dist/boot-shim").hostFiles(false).map(({ path }) => path);
      console.log(JSON.stringify({ names, files }));`;
    const { stdout } = await run("node", ["-e", program], { cwd: work });
    const { names, files } = JSON.parse(stdout) as { names: string[]; files: string[] };
    expect(names).toEqual(Object.keys(library).sort());
    expect(files).toContain("/usr/local/libexec/macvlan/macvlan-host");
  },
  3 * MINUTES,
);
