// A stand-in for the ssh client: `ssh [options] HOST docker system dial-stdio` is answered from the JSON file
// $FAKE_DOCKER/state.json; anything else is taken for a helper that does as it is told, and appended to $FAKE_DOCKER/helper
// with its input. Every call's arguments are appended to $FAKE_DOCKER/calls. Nothing leaves this machine.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { answer, emptyDocker, type FakeDockerState } from "./fake-docker";

const folder = process.env.FAKE_DOCKER ?? "";
const stateFile = join(folder, "state.json");
const args = process.argv.slice(2);

/** Several ssh processes share the state: a folder is the lock. */
async function locked<T>(act: () => T): Promise<T> {
  const lock = join(folder, "lock");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  try {
    return act();
  } finally {
    rmdirSync(lock);
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { status, body } = await locked(() => {
    const state = existsSync(stateFile)
      ? (JSON.parse(readFileSync(stateFile, "utf8")) as FakeDockerState)
      : emptyDocker();
    const result = answer(
      state,
      request.method ?? "GET",
      request.url ?? "/",
      text ? (JSON.parse(text) as unknown) : {},
    );
    writeFileSync(`${stateFile}.new`, JSON.stringify(state, null, 1));
    renameSync(`${stateFile}.new`, stateFile);
    return result;
  });
  const content = body === undefined || request.method === "HEAD" ? "" : JSON.stringify(body);
  const length = Buffer.byteLength(content);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": length, "Api-Version": "1.45" });
  response.end(content);
}

appendFileSync(join(folder, "calls"), `${JSON.stringify(args)}\n`);
if (args.includes("unreachable")) {
  process.stderr.write("ssh: connect to host unreachable port 22: No route to host\n");
  process.exit(255);
}
if (args.join(" ").endsWith("docker system dial-stdio")) {
  const server = createServer((request, response) => void serve(request, response));
  const connection = Duplex.from({ readable: process.stdin, writable: process.stdout });
  process.stdin.on("end", () => setTimeout(() => process.exit(0), 20));
  process.stdout.on("error", () => process.exit(0));
  server.emit("connection", connection);
} else {
  const input = readFileSync(0, "utf8");
  appendFileSync(join(folder, "helper"), `${JSON.stringify({ command: args.at(-1), input })}\n`);
}
