// Another ssh destination is another host: what was made through the old one is taken away through it, then made through the new.
import { expect, test } from "vitest";
import { acts, DNS, expectIdentities, provisioned, site, specification, WEB } from "./site";

const here = site();
const { host } = here;

test("another ssh destination: taken away through the old one, made through the new one, nothing left over", async () => {
  const spec = { args: specification(host) };
  const stack = await provisioned(here, () => spec.args);
  spec.args = specification(host, { ssh: { destination: host.alias("admin") } });
  const order = acts((await stack.up()).ended);
  const at = (what: string) => order.indexOf(what);
  for (const name of [
    "gw1-boot-install",
    "gw1-lan0-link",
    "gw1-lan-network",
    "gw1-dns-appliance",
    "gw1-web-appliance",
  ]) {
    expect(at(`create-replacement ${name}`)).toBeGreaterThanOrEqual(0);
  }
  expect(at("delete-replaced gw1-lan-network")).toBeLessThan(at("create-replacement gw1-lan-network"));
  await expectIdentities(here, [DNS, WEB]);
  expect(acts((await stack.preview()).started)).toEqual([]);
  expect(JSON.stringify(await stack.stack.exportStack())).not.toMatch(/-- lab1 /);
});
