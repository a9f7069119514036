import * as net from "node:net";
import { eachLine } from "../run";

/** Remote procedure calls as JSON lines over a unix socket, one answer per line, in any order. */
type Method = (...args: never[]) => unknown;

/** Serves the methods of `object` named in `names` at the unix socket `path`. */
export function serve(path: string, methods: Record<string, Method>): net.Server {
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined); // a client that goes away takes its answers with it
    eachLine(socket, (line) => {
      const { id, method, args } = JSON.parse(line) as { id: number; method: string; args: never[] };
      void Promise.resolve()
        .then(() => {
          const call = Object.hasOwn(methods, method) ? methods[method] : undefined;
          if (!call) throw new Error(`no method ${method}`);
          return call(...args);
        })
        .then(
          (result) => ({ id, result }),
          (error: Error) => ({ id, error: error.message }),
        )
        .then((answer) => socket.writable && socket.write(`${JSON.stringify(answer)}\n`));
    });
  });
  return server.listen(path);
}

/** Calls one method at the unix socket `path`, over a connection of its own. */
export function call(path: string, method: string, args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    eachLine(socket, (line) => {
      const { result, error } = JSON.parse(line) as { result?: unknown; error?: string };
      socket.destroy();
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    socket.on("error", () => reject(new Error("the lab's LAN is not running: start it with `npm run lab -- up`")));
    socket.on("close", () => reject(new Error("the lab's LAN went away")));
    socket.write(`${JSON.stringify({ id: 1, method, args })}\n`);
  });
}
