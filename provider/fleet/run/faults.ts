// What the engine says, as what is wrong and what to do: pure.
import type { Fault, Problem } from "../../errors";
import type { PositionedProblem } from "../inventory";

/** The run cannot begin: the input, the machine or the state backend is not as it must be. */
export class FleetError extends Error {
  constructor(readonly problems: readonly (Problem & Partial<PositionedProblem>)[]) {
    super(problems.map(({ message, remedy }) => `${message}; ${remedy}`).join("\n"));
    this.name = "FleetError";
  }
}

interface Known {
  readonly pattern: RegExp;
  readonly message: (match: RegExpExecArray) => string;
  readonly remedy: string;
  /** It would be the same for every host. */
  readonly everywhere?: boolean;
}

const PASSPHRASE = "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that has it";

const KNOWN: readonly Known[] = [
  {
    pattern: /passphrase must be set/,
    message: () => "the passphrase of the state's secrets is not set",
    remedy: PASSPHRASE,
    everywhere: true,
  },
  {
    pattern: /incorrect passphrase/,
    message: () => "the passphrase is not the one that the state's secrets were encrypted with",
    remedy: PASSPHRASE,
  },
  {
    pattern: /PULUMI_ACCESS_TOKEN must be set/,
    message: () => "nobody is logged in to a state backend",
    remedy: "give --backend URL, set PULUMI_BACKEND_URL (and PULUMI_ACCESS_TOKEN for Pulumi Cloud), or `pulumi login`",
    everywhere: true,
  },
  {
    // `…: created by USER@HOST (pid 12) at 2026-01-01T00:00:00Z`
    pattern: /currently locked by[\s\S]*?created by (\S+) \(pid (\d+)\) at (\S+)/,
    message: ([, who, pid, when]) => `the stack is locked by ${who}, process ${pid}, since ${when}`,
    remedy: "wait for that run; if it is gone, `macvlan unlock HOST`",
  },
  {
    pattern: /\[409\]|currently locked by|another update is currently in progress/i,
    message: () => "the stack is locked by another run",
    remedy: "wait for that run; if it is gone, `macvlan unlock HOST`",
  },
];

/** The fault that a text of the engine tells of; undefined if it is none that is known. */
export function faultOf(text: string): (Fault & { readonly everywhere: boolean }) | undefined {
  for (const { pattern, message, remedy, everywhere = false } of KNOWN) {
    const match = pattern.exec(text);
    if (match) return { message: message(match), remedy, everywhere };
  }
  return undefined;
}
