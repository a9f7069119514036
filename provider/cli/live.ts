// What is seen of a run over a fleet while it runs: a line per host that is worked on in a terminal, lines that stay elsewhere.
import type { Moment, Outcome, Watcher } from "../fleet/run";
import { outcomeLine } from "./provision/text";
import { Style, styleOf } from "./style";

/** Milliseconds between two drawings. */
const INTERVAL = 200;

interface Stream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

interface Running {
  readonly since: number;
  readonly doing: Set<string>;
}

/** Draws on stderr, so that the result can be piped. */
export class Live implements Watcher {
  private readonly running = new Map<string, Running>();
  private readonly style: Style;
  private readonly drawn: boolean;
  private lines = 0;
  private finished = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly total: number,
    /** Each resource that is finished is told too. */
    private readonly detailed: boolean,
    private readonly stream: Stream = process.stderr,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.style = styleOf(stream, env);
    this.drawn = stream.isTTY === true && env.CI === undefined && env.TERM !== "dumb";
    if (this.drawn) this.timer = setInterval(() => this.draw(), INTERVAL);
  }

  begun(host: string): void {
    this.running.set(host, { since: Date.now(), doing: new Set() });
    if (!this.drawn && this.detailed) this.say(`${host}: begun`);
  }

  moment(host: string, { op, name, state }: Moment): void {
    const what = `${op} ${name}`;
    const doing = this.running.get(host)?.doing;
    if (state === "begun") doing?.add(what);
    else doing?.delete(what);
    if (state !== "begun" && this.detailed) this.say(`${host}: ${what}${state === "failed" ? " FAILED" : ""}`);
  }

  ended(outcome: Outcome): void {
    this.running.delete(outcome.host);
    this.finished += 1;
    this.say(`${this.total > 1 ? `[${this.finished}/${this.total}] ` : ""}${outcomeLine(outcome, this.style)}`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.clear();
    this.stream.write(`${line}\n`);
    this.draw();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.clear();
  }

  private draw(): void {
    if (this.timer === undefined) return;
    this.clear();
    const width = this.stream.columns ?? this.style.width;
    for (const [host, { since, doing }] of this.running) {
      const seconds = Math.round((Date.now() - since) / 1000);
      const text = `${host}  ${[...doing].join(", ") || "…"}  ${seconds} s`;
      this.stream.write(`${this.style.faint(text.slice(0, width - 1))}\n`);
      this.lines += 1;
    }
  }

  private clear(): void {
    if (this.lines > 0) this.stream.write(`\u001b[${this.lines}A\u001b[J`);
    this.lines = 0;
  }
}
