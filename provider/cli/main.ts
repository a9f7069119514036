#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { Fault } from "../errors";
import { destinationFault } from "../ssh";
import { addProvision } from "./provision/options";
import { Exit, refusalOf, Report } from "./report";
import { styleOf } from "./style";
import { formatReport } from "./text";
import type { Printed, ValidateOptions } from "./fleet";
import type { Target } from "./run";

interface Options {
  readonly inventory?: string[];
  readonly file?: string[];
  readonly json?: boolean;
}

const EXITS = `
Exit codes: 0 nothing to act on, 3 findings or drift, 2 the input is wrong, 1 a host could not be looked at.
Nothing is changed on a host. What is more to know: docs/doctor.md`;

/** What a host is called on the command line. */
const WRITE = "give what you would type after ssh; options of ssh belong into ~/.ssh/config";

const INVENTORY = ["-i, --inventory <file...>", "the inventory (YAML or JSON); several are read as one"] as const;
const FILE = new Option("-f, --file <file...>", "the same, for a file of one host");

export function program(version: string): Command {
  const macvlan = new Command("macvlan")
    .description("looks at the MACVLAN set-up of Docker hosts, over ssh and read-only, and at inventories of them")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(macvlan --help shows what there is)")
    .addHelpText("after", EXITS);
  macvlan
    .command("doctor")
    .description("explain any MACVLAN set-up, whoever made it: what is broken, what will break, and what to do")
    .argument("[host...]", "whatever `ssh HOST` understands")
    .option("-i, --inventory <file...>", "the hosts of an inventory (YAML or JSON), compared with it as well")
    .addOption(FILE)
    .option("--json", "for programs")
    .addHelpText("after", EXITS)
    .action((hosts: string[], options: Options) => act("doctor", hosts, options));
  macvlan
    .command("verify")
    .description("compare hosts with their inventory: in sync, or what `pulumi up` would repair or refuse")
    .option(...INVENTORY)
    .addOption(FILE)
    .option("--json", "for programs")
    .addHelpText("after", EXITS)
    .action((options: Options) => act("verify", [], options));
  addFleet(macvlan, version);
  addProvision(macvlan, version);
  return macvlan;
}

/** The commands that read an inventory alone. */
function addFleet(macvlan: Command, version: string): void {
  const fleet = () => import("./fleet");
  macvlan
    .command("validate")
    .description("check an inventory: every host by itself, and all against each other")
    .requiredOption(...INVENTORY)
    .option("--write-lock", "record the addresses given by `ip: auto`")
    .option("--annotations <forge>", "print problems as annotations of a pull request: github")
    .option("--sarif <file>", "write problems as SARIF 2.1.0")
    .option("--code-quality <file>", "write problems as GitLab's code quality report")
    .option("--json", "for programs")
    .action(async ({ inventory, ...options }: ValidateOptions & { inventory: string[] }) =>
      show((await fleet()).validate(inventory, options, version)),
    );
  macvlan
    .command("dhcp")
    .description("reservations and DNS names of the appliances, for the servers of the LANs")
    .requiredOption(...INVENTORY)
    .requiredOption("--format <format>", "dnsmasq, kea, isc, opnsense, unifi-csv, hosts or csv")
    .option("--domain <domain>", "domain of the names, such as home.arpa")
    .action(async ({ inventory, format, domain }: { inventory: string[]; format: string; domain?: string }) =>
      show((await fleet()).dhcp(inventory, format, domain)),
    );
  macvlan
    .command("graph")
    .description("draw the topology: hosts, links, networks, appliances with their addresses")
    .requiredOption(...INVENTORY)
    .option("--format <format>", "svg or mermaid", "svg")
    .option("--ways", "which ways packets take between each host, its appliances and the LAN; for a few hosts")
    .action(async ({ inventory, format, ways }: { inventory: string[]; format: string; ways?: boolean }) =>
      show((await fleet()).graph(inventory, format, ways)),
    );
  macvlan
    .command("migrate")
    .description("turn the compose file of macvlan-router into an inventory of one host")
    .argument("<file>", "the compose file, or - for standard input")
    .action(async (file: string) => show((await import("./migrate")).migrate(file)));
  macvlan
    .command("schema")
    .description("print the JSON Schema of inventories, for editors")
    .action(async () => show((await fleet()).schema()));
}

function show({ out = "", error = "", exitCode }: Printed): void {
  process.stdout.write(out);
  process.stderr.write(error);
  process.exitCode = exitCode;
}

async function act(command: Report["command"], hosts: readonly string[], options: Options): Promise<void> {
  const report = await reported(command, hosts, options);
  const bad = report.problems.length > 0;
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const stream = bad ? process.stderr : process.stdout;
    stream.write(formatReport(report, styleOf(stream)));
  }
  process.exitCode = report.exitCode;
}

async function reported(command: Report["command"], hosts: readonly string[], options: Options): Promise<Report> {
  const files = [...(options.inventory ?? []), ...(options.file ?? [])];
  const faults = hosts
    .flatMap((host) => destinationFault(host) ?? [])
    .map(({ message }) => ({ message, remedy: WRITE }));
  if (faults.length > 0) return refusalOf(command, faults.map(at));
  if (hosts.length > 0 && files.length > 0)
    return refusalOf(command, [at({ message: "both hosts and an inventory are given", remedy: "give one of them" })]);
  if (hosts.length === 0 && files.length === 0) {
    const remedy = command === "doctor" ? "macvlan doctor HOST, or -i FILE" : "macvlan verify -i FILE";
    return refusalOf(command, [at({ message: "no host is given", remedy })]);
  }
  // What reads hosts and files takes half a second to load, which a word of help need not wait for.
  const { run } = await import("./run");
  const ssh = (destination: string): Target => ({ name: destination, ssh: { destination } });
  if (files.length === 0) return run(command, [...new Set(hosts)].map(ssh));
  const { readRecorded } = await import("../fleet/inventory");
  const { inventory, problems } = readRecorded(files);
  if (inventory === undefined) return refusalOf(command, problems);
  return run(
    command,
    inventory.hosts.map((host) => ({ name: host.name, ssh: host.resolved.ssh, spec: { host, inventory } })),
  );
}

function at(fault: Fault): Report["problems"][number] {
  return { path: [], ...fault };
}

function versionOfPackage(): string {
  const text = readFileSync(join(__dirname, "..", "..", "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function main(): Promise<void> {
  // `macvlan doctor … | head` closes the pipe early.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  try {
    await program(versionOfPackage()).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? Exit.Fine : Exit.BadInput;
    else {
      process.stderr.write(`error: ${(error as Error).stack ?? String(error)}\n`);
      process.exitCode = Exit.CouldNotLook;
    }
  }
}

if (require.main === module) void main();
