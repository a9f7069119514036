import { probesOf } from "../appliance-host";
import { diagnose, Finding, look, Look, Sight, survey } from "../doctor";
import { Inventory, InventoryHost } from "../fleet/inventory";
import { runAsync, SshArgs } from "../ssh";
import { compare } from "./compare";
import { Progress } from "./progress";
import { Comparison, HostReport, inventoryOf, Report, reportOf } from "./report";

/** A host that a command was asked about. */
export interface Target {
  readonly name: string;
  readonly ssh: SshArgs;
  /** What the inventory says of it. */
  readonly spec?: { readonly host: InventoryHost; readonly inventory: Pick<Inventory, "positionOf"> };
}

/** How a host is looked at; tests give recorded hosts. */
export type Eyes = (target: Target) => Promise<Look>;

/** The LAN is asked for the pins as in a preview, so that verify finds what that would. */
const eyes: Eyes = ({ ssh, spec }) => runAsync(look(ssh, spec && probesOf(spec.host.resolved)));

/** Looks at all hosts at once; what befalls one does not disturb the others. Never rejects for a host that cannot be seen. */
export async function run(command: Report["command"], targets: readonly Target[], see: Eyes = eyes): Promise<Report> {
  const progress = new Progress(targets.map(({ name }) => name));
  try {
    const hosts = await Promise.all(
      targets.map(async (target) => {
        const seen = await see(target);
        progress.done(target.name);
        if (seen.fault) {
          const { message, remedy } = seen.fault;
          return { host: target.name, status: "unseen", fault: { message, remedy } } satisfies HostReport;
        }
        return command === "doctor" ? doctored(target, seen.sight) : verified(target, seen.sight);
      }),
    );
    return reportOf(command, hosts);
  } finally {
    progress.stop();
  }
}

/** What the doctor says of a host, with its specification if there is one. */
export function doctored(target: Target, sight: Sight): HostReport {
  const findings = diagnose(sight);
  const specification = target.spec && compare(sight.facts, target.spec.host, target.spec.inventory);
  return {
    host: target.name,
    status: isFine(findings) && isFineToo(specification) ? "ok" : "findings",
    observed: sight.facts.time,
    inventory: inventoryOf(survey(sight)),
    findings,
    ...(specification ? { specification } : {}),
  };
}

function verified(target: Target, { facts }: Sight): HostReport {
  const specification = compare(facts, target.spec!.host, target.spec!.inventory);
  return { host: target.name, status: specification.inSync ? "ok" : "findings", observed: facts.time, specification };
}

/** Notes alone are nothing to act on. */
function isFine(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === "note");
}

function isFineToo(specification: Comparison | undefined): boolean {
  return specification === undefined || specification.inSync;
}
