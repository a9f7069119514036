import * as fs from "node:fs";
import * as path from "node:path";
import { alive, sleep } from "./run";

/**
 * Holds the lock file `file` while `work` runs, so that two commands do not make the same thing at once.
 * A lock left by a process that is gone is taken over. `onWait` is called once when somebody else holds it.
 */
export async function locked<T>(file: string, work: () => Promise<T>, onWait: (pid: number) => void): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let waited = false; !take(file); await sleep(500)) {
    const holder = Number(read(file));
    if (holder && !alive(holder)) {
      fs.rmSync(file, { force: true });
    } else if (!waited) {
      waited = true;
      onWait(holder);
    }
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  // Linked into place, so that a lock never exists without the pid in it.
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, `${process.pid}\n`);
  try {
    fs.linkSync(mine, file);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
