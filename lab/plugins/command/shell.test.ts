import { expect, test } from "vitest";
import { runShell } from "./shell";

const say = (): void => undefined;

test("output without its last newline; the rest as it came", async () => {
  expect(await runShell({ command: "printf 'a\\n\\n'; printf 'ä' >&2" }, say)).toEqual({ stdout: "a\n", stderr: "ä" });
});

test.each<[string, Parameters<typeof runShell>[0], RegExp]>([
  ["a status", { command: "echo why >&2; exit 3" }, /^exit status 3: running "echo why >&2; exit 3":\nwhy\n$/],
  ["a signal", { command: "kill -9 $$" }, /^signal: killed: /],
  ["a folder that is not there", { command: "true", dir: "/no/such" }, /^chdir \/no\/such: no such file or directory/],
  ["an interpreter that is not there", { command: "true", interpreter: ["/no/sh"] }, /^fork\/exec \/no\/sh: /],
])("fails with %s", async (_, input, message) => {
  await expect(runShell(input, say)).rejects.toThrow(message);
});

test("input that nobody reads is no failure", async () => {
  await expect(runShell({ command: "exec true", stdin: "x".repeat(1 << 20) }, say)).resolves.toBeDefined();
});

test("lines are said whole, of the streams that are asked for", async () => {
  const said: string[] = [];
  const input = { command: "printf a; sleep 0.1; echo b; echo c >&2; printf d", logging: "stdout" };
  await runShell(input, (line) => said.push(line));
  expect(said).toEqual(["ab", "d"]);
});
