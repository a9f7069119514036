// Programs run side by side in this process, and the SDK (3.248, automation/server.js) has each of them listen to unhandled rejections of the
// process: each takes those of all for its own, so that one host that is refused would fail every other that is worked on. To
// be deleted when the SDK tells them apart.

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;
type Listener = (...args: unknown[]) => void;

/** Where the SDK keeps what belongs to one run; a global, so that several copies of the SDK share it. */
interface Runs {
  readonly asyncLocalStorage?: { getStore(): object | undefined };
}
const runNow = (): object | undefined => (globalThis as Runs).asyncLocalStorage?.getStore();

let separated = false;

/** From now on each program hears of its own errors alone. */
export function separateErrors(): void {
  if (separated) return;
  separated = true;
  for (const event of EVENTS) separate(event);
}

function separate(event: (typeof EVENTS)[number]): void {
  const known = new WeakSet<Listener>();
  process.on("newListener", (added, listener: Listener) => {
    const run = runNow();
    // Of a wrapped one Node tells what is in it.
    if (run === undefined || added !== event || known.has(listener)) return;
    known.add(listener);
    // `listener` is by what Node finds a wrapped one when it is taken off.
    const own = Object.assign(
      (...args: unknown[]) => {
        const from = runNow();
        if (from === undefined || from === run) listener(...args);
      },
      { listener },
    );
    // It is added after this.
    queueMicrotask(() => {
      if (process.listeners(event as "exit").includes(listener)) process.off(event, listener).on(event, own);
    });
  });
}
