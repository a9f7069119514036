import { expect, test } from "vitest";
import { run, tryRun } from "./run";

test("a program's output, exit code and input", async () => {
  expect(await tryRun("sh", ["-c", "cat; echo bad >&2; exit 3"], { stdin: "in\n" })).toEqual({
    code: 3,
    stdout: "in\n",
    stderr: "bad\n",
  });
});

test("a limit ends what the program has started, too", async () => {
  const from = Date.now();
  // The shell's child holds the output open for as long as it runs.
  const { code, stdout } = await tryRun("sh", ["-c", "sleep 60 & echo begun; wait"], { timeout: 300 });
  expect({ code, stdout }).toEqual({ code: null, stdout: "begun\n" });
  expect(Date.now() - from).toBeLessThan(20_000);
});

test("what cannot be started is told by its name", async () => {
  await expect(tryRun("no-such-program", [])).rejects.toThrow("no-such-program is not installed");
  await expect(run("sh", ["-c", "echo why >&2; exit 4"])).rejects.toThrow("exit 4\nwhy");
});
