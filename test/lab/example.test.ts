// The example of the README, as `npm start` runs it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { provision } from "../../examples/single-host/program";
import { exampleStack } from "../../lab/example";
import { acts, bare, DNS, expectIdentities, site, WEB } from "./site";

const here = site();

test("examples/single-host: up, nothing to do, destroy", async () => {
  await bare(here);
  const dir = mkdtempSync(join(tmpdir(), "macvlan-example-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const stack = await exampleStack({
    dir,
    host: here.host,
    program: () => Promise.resolve({ appliances: provision().appliances }),
  });
  await stack.up();
  await expectIdentities(here, [DNS, WEB]);
  // The file of the example has reached dnsmasq, which serves the LAN.
  expect(await here.lab.lan.dns(DNS.ip, "web.home.example")).toEqual({ code: 0, addresses: [WEB.ip] });
  expect(acts((await stack.preview()).started)).toEqual([]);
  await stack.destroy();
});
