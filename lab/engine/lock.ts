import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Takes the lock file for this process; false where another living process holds it. A dead holder's is taken over. */
function tryLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  try {
    const holder = readFileSync(file, "utf8");
    // An empty file is a holder between create and write; it is left alone and looked at again.
    if (holder !== "" && !isRunning(Number(holder))) rmSync(file, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return false;
}

/** Runs `act` while no other process on this machine runs one under the same lock file; waits as long as it takes. */
export async function withLock<T>(file: string, waiting: () => void, act: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  for (let round = 0; !tryLock(file); round++) {
    if (round % 15 === 1) waiting();
    await sleep(round === 0 ? 50 : 1000);
  }
  try {
    return await act();
  } finally {
    rmSync(file, { force: true });
  }
}
