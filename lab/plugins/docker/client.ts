// The Docker Engine API through `ssh HOST docker system dial-stdio`, as the official plugin reaches it.
import { spawn, type ChildProcess } from "node:child_process";
import { Agent, request, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";

/** Seconds for one request; ssh's own limit on connecting is 30. */
const TIMEOUT = 120;

/** ssh's arguments for a docker host of the form ssh://[user@]host[:port][/socket]. */
export function sshArguments(host: string, sshOpts: string[]): string[] {
  const { protocol, username, port, hostname, pathname } = new URL(host);
  if (protocol !== "ssh:") throw new Error(`the lab's stand-in reaches ssh:// hosts only, not ${host}`);
  const socket = pathname.length > 1 ? `--host unix://${decodeURIComponent(pathname)} ` : "";
  return [
    ...(username ? ["-l", decodeURIComponent(username)] : []),
    ...(port ? ["-p", port] : []),
    ...sshOpts,
    ...["-o ConnectTimeout=30", "-T", "--", hostname, `docker ${socket}system dial-stdio`],
  ];
}

/** A child's stdin and stdout as the socket that Node's HTTP client wants. */
class Pipe extends Duplex {
  constructor(private readonly child: ChildProcess) {
    super();
    child.stdout?.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout?.pause();
    });
    child.stdin?.on("error", () => undefined);
  }
  override _read(): void {
    this.child.stdout?.resume();
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.child.stdin?.write(chunk, done);
  }
  override _final(done: (error?: Error | null) => void): void {
    this.child.stdin?.end();
    done();
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.child.kill();
    done(error);
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

export interface Reply {
  status: number;
  body: unknown;
  headers: IncomingMessage["headers"];
}

export interface DockerClient {
  /** A request under the API version that both sides speak; rejects where the daemon answers with an error. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** HEAD /_ping. */
  ping(): Promise<void>;
}

/** The newest API version that we know how to read; older daemons are spoken to in theirs. */
const NEWEST_API = [1, 47] as const;

export function dockerClient(host: string, sshOpts: string[]): DockerClient {
  const args = sshArguments(host, sshOpts);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (): Duplex => {
    const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
    const pipe = new Pipe(child);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.on("error", (error) => pipe.destroy(error));
    child.on("close", (code, signal) => {
      const advice = "make sure the URL is valid, and Docker 18.09 or later is installed on the remote host";
      const status = signal ? `signal: ${signal}` : `exit status ${code}`;
      const command = `command [ssh ${args.join(" ")}] has exited with ${status}`;
      pipe.destroy(new Error(`${command}, ${advice}: stderr=${said}`));
    });
    process.once("exit", () => child.kill());
    return pipe;
  };

  const send = (method: string, path: string, body?: unknown): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = {
        Host: "docker.example.com",
        ...(text ? { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) } : {}),
      };
      const fail = (error: Error): void =>
        reject(new Error(`error during connect: ${method} "${path}": ${error.message}`));
      const outgoing = request({ agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          const answer = Buffer.concat(chunks).toString();
          const parsed = answer.startsWith("{") ? (JSON.parse(answer) as unknown) : answer;
          resolve({ status: response.statusCode ?? 0, body: parsed, headers: response.headers });
        });
      });
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${TIMEOUT} s`)), TIMEOUT * 1000);
      outgoing.on("error", (error) => {
        clearTimeout(timer);
        fail(error);
      });
      outgoing.end(text);
    });

  let version: Promise<string> | undefined;
  const negotiate = async (): Promise<string> => {
    const { headers } = await send("HEAD", "/_ping");
    const [major = 1, minor = 24] = String(headers["api-version"] ?? "1.24")
      .split(".")
      .map(Number);
    const older = major < NEWEST_API[0] || (major === NEWEST_API[0] && minor < NEWEST_API[1]);
    return older ? `${major}.${minor}` : NEWEST_API.join(".");
  };
  const negotiated = (): Promise<string> => {
    // A failure is not kept: the host may be back for the next request.
    version ??= negotiate().catch((error: Error) => {
      version = undefined;
      throw error;
    });
    return version;
  };
  return {
    ping: async () => void (await negotiated()),
    call: async (method, path, body) => {
      const { status, body: answer } = await send(method, `/v${await negotiated()}${path}`, body);
      if (status < 400) return answer;
      const message = (answer as { message?: string } | undefined)?.message ?? `status ${status}`;
      throw new Error(`Error response from daemon: ${message}`);
    },
  };
}
