import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { commandArgs, commandOptions, readArgs, repair, typeToken } from "../component";
import { enforce, factsOf, findAll } from "../observe";
import { deleteCommand, installerCommand } from "../ssh";
import { bootDrift } from "./drift";
import { bootShimRules } from "./preflight";
import { hostFiles, renderFiles, renderInstaller } from "./render";
import { BootShimArgs, bootShimSchema } from "./spec";

/**
 * Stage 0: the units and scripts with which a host brings up the parent link before Docker, and the appliances after it.
 * Docker is never restarted by an update of it. One resource: a Command over ssh.
 */
export class BootShim extends pulumi.ComponentResource {
  constructor(name: string, args: BootShimArgs, opts?: pulumi.ComponentResourceOptions) {
    const spec = readArgs(name, bootShimSchema, args);
    const facts = factsOf(spec.ssh, [name]);
    if (facts)
      enforce(findAll(bootShimRules, facts, spec), [name], { facts, overrides: spec.overrides, parent: opts?.parent });
    super(typeToken("BootShim"), name, args, opts);
    const files = renderFiles(hostFiles(spec.failClosed ?? false));
    const drift = repair(facts, (seen) => bootDrift(seen, spec.failClosed ?? false));
    new local.Command(
      `${name}-install`,
      {
        ...commandArgs(spec.ssh.destination),
        create: installerCommand(spec.ssh),
        delete: deleteCommand(spec.ssh, ["uninstall"]),
        environment: { INSTALLER: renderInstaller(), FILES: files, ...drift.environment },
      },
      { ...commandOptions(this, opts), ...drift.options },
    );
    this.registerOutputs({});
  }
}
