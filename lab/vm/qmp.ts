import { EventEmitter } from "node:events";
import * as net from "node:net";
import { eachLine } from "../run";

interface Reply {
  id?: number;
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
  data?: Record<string, unknown>;
}

/** A connection to one virtual machine's control socket (QEMU Machine Protocol). */
export class Qmp {
  private readonly pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly events = new EventEmitter();
  private next = 1;

  private constructor(private readonly socket: net.Socket) {}

  /** Connects and leaves capabilities negotiation. One client at a time: QEMU lets the next one wait. */
  static async connect(path: string, timeout = 20_000): Promise<Qmp> {
    const socket = net.connect(path);
    const qmp = new Qmp(socket);
    const greeting = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer from the virtual machine at ${path}`)), timeout);
      eachLine(socket, (line) => {
        clearTimeout(timer);
        const message = JSON.parse(line) as Reply & { QMP?: unknown };
        if (message.QMP) resolve();
        else qmp.receive(message);
      });
      socket.on("error", reject);
    });
    socket.on("close", () => qmp.lost());
    try {
      await greeting;
      await qmp.execute("qmp_capabilities");
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return qmp;
  }

  /** Runs one command. @throws with QEMU's reason */
  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject: (error) => reject(new Error(`${command}: ${error.message}`)) });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** A command of the human monitor, for what QMP lacks. It reports errors as text: any output counts as one. */
  async human(command: string): Promise<void> {
    const output = (await this.execute("human-monitor-command", { "command-line": command })) as string;
    if (output.trim()) throw new Error(`${command}: ${output.trim()}`);
  }

  /** Resolves when `event` comes, for which `match` holds. Call before what causes it. */
  waitFor(
    event: string,
    timeout: number,
    match: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const seen = (data: Record<string, unknown>) => {
        if (match(data)) finish(resolve);
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`no ${event} within ${timeout / 1000} s`))),
        timeout,
      );
      const finish = (then: () => void) => {
        clearTimeout(timer);
        this.events.off(event, seen);
        then();
      };
      this.events.on(event, seen);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(message: Reply): void {
    if (message.event) {
      this.events.emit(message.event, message.data ?? {});
      return;
    }
    const waiting = message.id === undefined ? undefined : this.pending.get(message.id);
    if (!waiting) return;
    this.pending.delete(message.id as number);
    if (message.error) waiting.reject(new Error(message.error.desc));
    else waiting.resolve(message.return);
  }

  private lost(): void {
    for (const { reject } of this.pending.values()) reject(new Error("the virtual machine has gone"));
    this.pending.clear();
  }
}
