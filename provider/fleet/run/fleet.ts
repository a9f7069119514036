// One operation over many hosts: a pool of stacks, each by itself, with everything that befalls one kept there.
import type { Stack } from "@pulumi/pulumi/automation";
import { probesOf } from "../../appliance-host";
import { Fault, formatPath, Path } from "../../errors";
import { observeAhead } from "../../observe";
import { Contact, HostReport, hostReport, Preview, previewBetween } from "../../report/pull-request";
import { Inventory, InventoryHost } from "../inventory";
import { EngineError } from "./engine";
import { faultOf } from "./faults";
import { previewFromNothing } from "./from-nothing";
import { Gate, Interrupt } from "./gate";
import { Operation, Outcome } from "./outcome";
import { Plan, notReviewed, planOf } from "./plan";
import { pool } from "./pool";
import { hostProgram, STOPPED } from "./program";
import { isOnHost, Moment, Ran, runStack } from "./run";
import { Stacks } from "./stacks";

/** Told while a fleet is worked on. */
export interface Watcher {
  begun(host: string): void;
  moment(host: string, moment: Moment): void;
  ended(outcome: Outcome): void;
}

export interface RunOptions {
  /** Hosts at once. */
  readonly parallel: number;
  /** Begin further hosts after one failed. */
  readonly keepGoing: boolean;
  readonly offline: boolean;
  /** Plans are saved, or compared with saved ones: to the last default that a plugin fills in. */
  readonly exact: boolean;
  readonly interrupt: Interrupt;
  readonly watcher: Watcher;
}

/** A run over the hosts of one inventory. */
export class Fleet {
  constructor(
    private readonly inventory: Pick<Inventory, "positionOf">,
    private readonly stacks: Stacks,
    private readonly options: RunOptions,
  ) {}

  /** What would be done. Nothing is written anywhere. */
  preview(hosts: readonly InventoryHost[]): Promise<Outcome[]> {
    return this.each(hosts, (host) => this.previewOne(host));
  }

  /**
   * What would be done to hosts that are as `base` would make them: two previews without a state each, and no host contacted.
   * A host that is in `base` alone is taken away.
   */
  between(hosts: readonly InventoryHost[], base: readonly InventoryHost[]): Promise<Outcome[]> {
    const before = new Map(base.map((host) => [host.name, host]));
    return this.each(hosts, async (host) => {
      const old = before.get(host.name);
      const was = old && (await this.fromNothing(old));
      const is = await this.fromNothing(host);
      const failed = was?.preview.failed ? was : is;
      if (failed.preview.failed) return this.outcome("preview", host, failed, "offline");
      return this.outcome("preview", host, { ...is, preview: previewBetween(was?.preview, is.preview) }, "offline");
    });
  }

  /** Does it. With plans: to hosts alone whose plan is still the one that was reviewed. */
  up(hosts: readonly InventoryHost[], plans?: (host: string) => Plan | Fault): Promise<Outcome[]> {
    return this.each(hosts, async (host) => {
      if (plans === undefined) return this.upOne(host);
      const reviewed = plans(host.name);
      if (!("digest" in reviewed)) return refused(host, [reviewed]);
      const outcome = await this.previewOne(host);
      if (!["unchanged", "changes"].includes(outcome.status)) return outcome;
      const changes = notReviewed(reviewed, planOf(host.name, outcome.report!.preview!));
      if (changes.length > 0) {
        const message = `the plan is not the reviewed one any more: ${changes.join("; ")}`;
        return refused(host, [{ message, remedy: "preview, review and apply that plan" }], outcome.report);
      }
      return outcome.status === "unchanged" ? outcome : this.upOne(host);
    });
  }

  /** Takes everything away that the stacks of these names have made. */
  destroy(names: readonly string[], remove: (name: string) => boolean): Promise<Outcome[]> {
    return this.each(
      names.map((name) => ({ name })),
      async ({ name }) => {
        if (!this.stacks.has(name)) return { ...left({ name }), status: "unchanged" };
        const notes = await this.stacks.recover(name);
        const ran = await this.runOn("destroy", name, await this.stacks.stack(name, () => Promise.resolve()));
        const outcome = { ...this.outcome("destroy", { name }, ran, "observed"), notes };
        if (outcome.status === "done" || outcome.status === "unchanged")
          if (remove(name)) await this.stacks.pulumi(["stack", "rm", "--yes", "--stack", name]);
        return outcome;
      },
    );
  }

  private async each<H extends { readonly name: string }>(
    hosts: readonly H[],
    work: (host: H) => Promise<Outcome>,
  ): Promise<Outcome[]> {
    const { parallel, keepGoing, interrupt, watcher } = this.options;
    const outcomes = new Map<string, Outcome>();
    let stop = false;
    await pool(
      hosts,
      parallel,
      async (host) => {
        const from = Date.now();
        watcher.begun(host.name);
        const { outcome, everywhere } = await guarded(host, work);
        const timed = { ...outcome, seconds: (Date.now() - from) / 1000 };
        outcomes.set(host.name, timed);
        watcher.ended(timed);
        stop ||= everywhere || (!keepGoing && (timed.status === "failed" || timed.status === "refused"));
      },
      () => stop || interrupt.isOver(),
    );
    return hosts.map((host) => outcomes.get(host.name) ?? left(host));
  }

  private async previewOne(host: InventoryHost): Promise<Outcome> {
    const contact = await this.look(host);
    const offline = contact !== "observed";
    const ran = this.stacks.has(host.name)
      ? await this.runOn(
          "preview",
          host.name,
          await this.stacks.stack(host.name, hostProgram(host, { offline, secretsMayMiss: true })),
        )
      : await this.fromNothing(host, offline);
    const outcome = this.outcome("preview", host, ran, contact);
    if (contact !== "unreachable") return outcome;
    const unseen = this.unseen.get(host.name)!;
    const report = { ...outcome.report!, unreached: unseen.map(({ message }) => message).join("; ") };
    return { ...outcome, report, status: "failed", faults: [...unseen, ...outcome.faults] };
  }

  private readonly unseen = new Map<string, Fault[]>();

  /** Looks at the host ahead of its program, which could only do so while everything else waits. */
  private async look(host: InventoryHost): Promise<Contact> {
    if (this.options.offline) return "offline";
    const problem = await observeAhead(host.resolved.ssh, probesOf(host.resolved));
    if (problem === undefined) return "observed";
    this.unseen.set(host.name, [{ message: problem.message, remedy: problem.remedy }]);
    return "unreachable";
  }

  private async upOne(host: InventoryHost): Promise<Outcome> {
    const contact = await this.look(host);
    if (contact === "unreachable") return { ...left(host), status: "failed", faults: this.unseen.get(host.name)! };
    const gate = new Gate(this.options.interrupt);
    const program = hostProgram(host, { offline: contact === "offline", gate });
    const notes = this.stacks.has(host.name) ? await this.stacks.recover(host.name) : [];
    const stack = await this.stacks.made(host.name, program);
    return { ...this.outcome("up", host, await this.runOn("up", host.name, stack, gate), contact), notes };
  }

  /** Without an engine where its every word can be done without: hosts are not looked at, and nobody relies on the exact plan. */
  private async fromNothing(host: InventoryHost, offline = true): Promise<Ran> {
    const program = hostProgram(host, { offline, secretsMayMiss: true, fromNothing: true });
    if (offline && !this.options.exact) return previewFromNothing(this.stacks.project, host.name, program);
    return this.runOn("preview", host.name, await this.stacks.emptyStack(program));
  }

  private runOn(operation: Operation, host: string, stack: Stack, gate?: Gate): Promise<Ran> {
    const { interrupt, watcher } = this.options;
    const { signal } = gate ?? interrupt;
    const onMoment = (moment: Moment): void => watcher.moment(host, moment);
    return runStack(operation, stack, { signal, onEnded: (name) => gate?.ended(name), onMoment });
  }

  private outcome(operation: Operation, host: { name: string; path?: Path }, ran: Ran, contact: Contact): Outcome {
    const report = hostReport(host.name, contact, ran.preview, (path) =>
      this.inventory.positionOf([...(host.path ?? ["hosts", host.name]), ...path.slice(1)]),
    );
    const interrupted = this.options.interrupt.isOver();
    return {
      host: host.name,
      seconds: 0,
      notes: [],
      done: ran.done,
      report,
      ...verdict(operation, ran, report, interrupted),
    };
  }
}

function verdict(
  operation: Operation,
  { preview, error = "", done }: Ran,
  report: HostReport,
  interrupted: boolean,
): Pick<Outcome, "status" | "faults"> {
  if (!preview.failed) {
    const changes = preview.steps.some((step) => step.kind !== "same" && isOnHost(step));
    return { status: !changes ? "unchanged" : operation === "preview" ? "changes" : "done", faults: [] };
  }
  if (interrupted) return { status: "interrupted", faults: [] };
  const known = faultOf(`${report.failure ?? ""}\n${error}`);
  if (known) return { status: "failed", faults: [known] };
  if (report.refusals.length > 0)
    return {
      status: done > 0 ? "failed" : "refused",
      faults: report.refusals.map((problem) => ({
        message: `${formatPath(problem.path)}: ${problem.message}`,
        remedy: problem.remedy,
      })),
    };
  return { status: "failed", faults: [{ message: wordsOf(preview, error), remedy: "" }] };
}

/** The engine's errors, without those that only follow from others. */
function wordsOf({ diagnostics }: Preview, error: string): string {
  const told = diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  const own = told.filter(
    (message) => !/^(update|preview|destroy) failed$|is \*always\* a bug/.test(message) && !message.includes(STOPPED),
  );
  return own.length > 0 ? own.join("\n") : error.trim() || "the engine gave no reason";
}

/** What no operation tells of is a failure of this host alone. */
async function guarded<H extends { readonly name: string }>(
  host: H,
  work: (host: H) => Promise<Outcome>,
): Promise<{ outcome: Outcome; everywhere: boolean }> {
  try {
    const outcome = await work(host);
    return { outcome, everywhere: outcome.faults.some((fault) => "everywhere" in fault && fault.everywhere === true) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const known = faultOf(error.message);
    const { message, remedy } = known ?? { message: error.message, remedy: "" };
    return {
      outcome: { ...left(host), status: "failed", faults: [{ message, remedy }] },
      everywhere: known?.everywhere ?? false,
    };
  }
}

function refused(host: InventoryHost, faults: readonly Fault[], report?: HostReport): Outcome {
  return { ...left(host), status: "refused", faults, report };
}

function left({ name }: { readonly name: string }): Outcome {
  return { host: name, status: "left", seconds: 0, faults: [], notes: [], done: 0 };
}
