import { z } from "zod";
import { Fault } from "../errors";
import { report, text } from "../validate";

/** How to reach a host with the workstation's own OpenSSH client. */
export interface SshArgs {
  /** Whatever `ssh DESTINATION` understands: a Host of ~/.ssh/config, user@name, or ssh://user@name:port. */
  destination: string;
  /**
   * Further arguments of ssh, such as ["-p", "2222"]. They are part of the state: paths of one workstation (-i KEY) belong
   * into ~/.ssh/config instead.
   */
  options?: string[];
}

/** Options that the transport sets itself: with other values runs could hang at a prompt or trust a host silently. */
const OWN_OPTIONS = ["batchmode", "stricthostkeychecking", "controlmaster", "controlpath", "loglevel"];

/** Why `text` cannot be a destination; it must be one word that neither ssh nor a shell can take for something else. */
export function destinationFault(text: string): Fault | undefined {
  if (text === "")
    return { message: "is empty", remedy: 'give what you would type after "ssh", such as gw1 or root@192.168.1.10' };
  if (text.startsWith("-"))
    return { message: `${JSON.stringify(text)} begins with "-"`, remedy: "put options of ssh into options" };
  if (!/^[\w.@:%[\]/\\+-]+$/.test(text))
    return {
      message: `${JSON.stringify(text)} is not one destination of ssh`,
      remedy: "put options of ssh into options",
    };
  return undefined;
}

/** Why `options` cannot be passed on. */
export function optionsFault(options: readonly string[]): Fault | undefined {
  if (options.includes("--")) return { message: '"--" would end the options of ssh', remedy: "leave it out" };
  const own = options
    .map((option, i) => (options[i - 1] === "-o" ? option : option.replace(/^-o\s*/, "")))
    .map((option) => option.split(/[=\s]/)[0]!.toLowerCase())
    .find((name) => OWN_OPTIONS.includes(name));
  if (own === undefined) return undefined;
  return { message: `the ssh option ${own} is set by this package and cannot be changed`, remedy: "leave it out" };
}

export const sshSchema = z.strictObject({
  destination: text(destinationFault, "what ssh takes for the host, such as gw1 or admin@192.168.76.10"),
  options: z
    .array(z.string().min(1))
    .superRefine((options, context) => {
      const fault = optionsFault(options);
      if (fault) report(context, [fault]);
    })
    .optional(),
});
