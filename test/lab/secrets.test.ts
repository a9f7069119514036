import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acts, bare, dns, PASSWORD, site, specification, stackOf, web } from "./site";

const here = site();
const { host } = here;

/** What of the password would show even if something quoted or cut it. */
const TELLTALE = "correct-horse";

/** Everything below a folder that holds the telltale. */
const filesWithSecret = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(TELLTALE));

test("a secret is nowhere in clear: state, diff, output, process lists, errors, the host's journal", async () => {
  await bare(here);
  const args = specification(host);
  const spec = { args };
  const stack = await stackOf(() => spec.args);

  // Process lists on both sides, for as long as the runs last. The test's own process holds the secret in memory only.
  await host.shell("cat >/run/watch.sh && (setsid sh /run/watch.sh >/run/seen 2>&1 </dev/null &)", {
    stdin: "echo $$ >/run/watch.pid; while :; do cat /proc/[0-9]*/cmdline | tr '\\0' ' '; sleep 0.2; done\n",
  });
  const seenHere: string[] = [];
  const watch = setInterval(() => seenHere.push(execFileSync("ps", ["axww", "-o", "args"], { encoding: "utf8" })), 300);

  const outputs: string[] = [];
  try {
    outputs.push((await stack.preview()).output, (await stack.up()).output);
    // A rotated secret is a change that says nothing of its value.
    spec.args = { ...args, appliances: { dns: dns(), web: { ...web(), secrets: { ADMIN_PASSWORD: `${PASSWORD}2` } } } };
    const rotated = await stack.preview();
    expect(acts(rotated.started)).toEqual(["update gw1-web-appliance"]);
    outputs.push(rotated.output, (await stack.up()).output);
    // An update that fails prints logs of the container, which prints its environment.
    spec.args = { ...args, appliances: { dns: dns(), web: leaky() } };
    outputs.push((await stack.up({ mayFail: true })).output);
  } finally {
    clearInterval(watch);
  }

  // Or it would see the command lines that look for the secret in what it saw.
  await host.shell('kill "$(cat /run/watch.pid)"');
  for (const output of outputs) expect(output).not.toContain(TELLTALE);
  expect(seenHere.join("\n")).not.toContain(TELLTALE);
  expect(await host.shell("grep -ac 'appliance apply' /run/seen")).not.toBe("0\n");
  expect(await host.shell(`grep -ac '${TELLTALE}' /run/seen || true`)).toBe("0\n");
  expect(
    await host.shell(
      `journalctl -b --no-pager -o cat _COMM=sudo _COMM=sh + _SYSTEMD_UNIT=macvlan-appliances.service | grep -c '${TELLTALE}' || true`,
    ),
  ).toBe("0\n");
  expect(filesWithSecret(stack.dir)).toEqual([]);
  // Docker itself shows it to those who may use Docker, and it is the one that was given, to the letter.
  const [{ Config }] = JSON.parse(await host.shell("docker inspect web")) as [{ Config: { Env: string[] } }];
  expect(Config.Env).toContain(`ADMIN_PASSWORD=${PASSWORD}2`);
});

/** Prints its environment and ends. */
function leaky(): ReturnType<typeof web> {
  const service = {
    image: "lab/web:1",
    entrypoint: ["sh", "-c", "env; sleep 1; exit 3"],
    environment: { ADMIN_PASSWORD: "${ADMIN_PASSWORD}" },
  };
  return { ...web(), service, readyTimeout: 15 };
}
