import { z } from "zod";
import { overridesSchema } from "../observe";
import { SshArgs, sshSchema } from "../ssh";
import { bootShimRules } from "./preflight";

/** What makes a host boot in order: parent link, then Docker, then the appliances. */
export interface BootShimArgs {
  /** The host. */
  ssh: SshArgs;
  /**
   * Docker does not start while a parent link is missing (default false: it starts, and the appliances are healed when the
   * link comes). For hosts that run nothing but appliances.
   */
  failClosed?: boolean;
  /** Ids of rules (docs/rules.md) whose findings on this host are told and do not stop the run. */
  overrides?: string[];
}

export const bootShimSchema = z.strictObject({
  ssh: sshSchema,
  failClosed: z.boolean().optional(),
  overrides: overridesSchema(bootShimRules),
});
