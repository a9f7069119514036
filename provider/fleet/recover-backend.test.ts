import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { thisMachine } from "./recover-backend";

test("a process that runs began a while ago", () => {
  expect(Math.abs(Date.now() - process.uptime() * 1000 - thisMachine.startedAt(process.pid)!.getTime())).toBeLessThan(
    2_000,
  );
});

test.runIf(process.platform === "linux")(
  "a process that has ended is gone, also while its parent has not asked how",
  async () => {
    // The parent becomes a sleep, which never asks for its child.
    const parent = spawn("sh", ["-c", "sh -c 'exec sleep 1' & echo $!; exec sleep 20"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once("data", (text: Buffer) => resolve(String(text)))),
    );
    for (let i = 0; i < 1500 && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8")); i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(thisMachine.startedAt(pid)).toBeUndefined();
    parent.kill();
  },
);
