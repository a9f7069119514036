import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { sleep } from "../run";
import { call } from "./rpc";

/** Process id of the LAN of the lab in `dir`, or undefined when it does not run. */
export function daemonPid(dir: string): number | undefined {
  try {
    const pid = Number(fs.readFileSync(path.join(dir, "lan.pid"), "utf8"));
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(dir) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the LAN unless it runs, and waits until it answers. It goes on after this process ends. */
export async function startDaemon(dir: string, ports: number): Promise<void> {
  if (daemonPid(dir)) return;
  const log = path.join(dir, "lan.log");
  const output = fs.openSync(log, "a");
  const tsx = pathToFileURL(createRequire(__filename).resolve("tsx")).href;
  const args = ["--import", tsx, path.join(__dirname, "daemon.ts"), dir, String(ports)];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", output, output] });
  child.unref();
  fs.closeSync(output);
  for (let i = 0; i < 200; i++) {
    await sleep(50);
    const answers = await call(path.join(dir, "lan.sock"), "ports", []).then(
      () => true,
      () => false,
    );
    if (answers && daemonPid(dir)) return;
    if (child.exitCode !== null) break;
  }
  throw new Error(`the lab's LAN did not start: ${fs.readFileSync(log, "utf8").trim().slice(-1000)}`);
}

/** Ends the LAN and waits until it is gone. */
export async function stopDaemon(dir: string): Promise<void> {
  const pid = daemonPid(dir);
  if (!pid) return;
  process.kill(pid);
  while (daemonPid(dir)) await sleep(20);
}
