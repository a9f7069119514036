import { z } from "zod";
import { SshArgs, sshSchema } from "../ssh";

/** What makes a host boot in order: parent link, then Docker, then the appliances. */
export interface BootShimArgs {
  /** The host. */
  ssh: SshArgs;
  /**
   * Docker does not start while a parent link is missing (default false: it starts, and the appliances are healed when the
   * link comes). For hosts that run nothing but appliances.
   */
  failClosed?: boolean;
}

export const bootShimSchema = z.strictObject({ ssh: sshSchema, failClosed: z.boolean().optional() });
