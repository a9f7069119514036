import { describe, expect, test } from "vitest";
import { acts, containers, DNS, dns, expectIdentities, provisioned, site, specification, WEB, web } from "./site";

const here = site();
const { host, lab } = here;

describe("a change", () => {
  test("of one appliance's image touches that appliance alone", async () => {
    const spec = { args: specification(host, { appliances: { dns: dns(), web: web("lab/web:2") } }) };
    const stack = await provisioned(here, () => spec.args);
    const before = await containers(host);
    const { ended } = await stack.up();
    expect(acts(ended)).toEqual(["update gw1-web-appliance"]);
    const after = await containers(host);
    expect(after.dns).toBe(before.dns);
    expect(after.web).not.toBe(before.web);
    expect((await lab.lan.http(WEB.ip, 80, "/")).body).toMatch(/2/);
    await expectIdentities(here, [DNS, WEB]);
  });

  test.each(["lab/web:broken", "lab/web:crash", "lab/web:no-such-tag"])(
    "to the image %s fails with the reason and goes back to the version that ran",
    async (image) => {
      const spec = {
        args: specification(host, { appliances: { dns: dns(), web: { ...web(image), readyTimeout: 20 } } }),
      };
      const stack = await provisioned(here, () => spec.args);
      const failed = await stack.up({ mayFail: true });
      expect(failed.ok).toBe(false);
      expect(failed.output).toMatch(/web/);
      expect(failed.output).toMatch(/the version before is back and runs|nothing was changed/);
      expect(await lab.lan.http(WEB.ip, 80, "/")).toMatchObject({ status: 200 });
      await expectIdentities(here, [DNS, WEB]);
      // Back to the old specification: the state and the host agree again.
      spec.args = specification(host);
      await stack.up();
      expect(acts((await stack.preview()).started)).toEqual([]);
      expect(await lab.lan.http(WEB.ip, 80, "/")).toMatchObject({ status: 200 });
    },
  );

  test("behind a switch that lets no further MAC through says so", async () => {
    const stack = await provisioned(here, () =>
      specification(host, { appliances: { dns: dns(), web: web("lab/web:2") } }),
    );
    try {
      await lab.lan.limitMacs(host.name, 2);
      await host.shell("ping -c 1 192.168.76.1");
      await expectIdentities(here, [DNS]);
      const { output } = await stack.up();
      expect(output).toContain(`web: the gateway 192.168.76.1 answers this host but not ${WEB.mac}: something between`);
      expect(output).not.toContain("dns: the gateway");
    } finally {
      await lab.lan.limitMacs(host.name, null);
    }
  });

  test("that adds an appliance, and one that removes it, touch nothing else", async () => {
    const third = { ip: "192.168.76.81", mac: "02:42:c0:a8:4c:51" };
    const more = { ip: third.ip, service: { image: "lab/web:2" } };
    const spec = { args: specification(host, { appliances: { dns: dns(), web: web(), more } }) };
    const stack = await provisioned(here, () => spec.args);
    const before = await containers(host);
    const added = await stack.up();
    expect(acts(added.ended)).toEqual(["create gw1-more-appliance"]);
    expect(await containers(host)).toMatchObject(before);
    await expectIdentities(here, [DNS, WEB, third]);

    spec.args = specification(host);
    const removed = await stack.up();
    expect(acts(removed.ended)).toEqual(["delete gw1-more-appliance"]);
    expect(await containers(host)).toEqual(before);
    expect(await host.shell("ip route show proto 201")).not.toContain(third.ip);
  });

  test("of the network's ip-range takes the appliances down, replaces the network, and brings them back as they were", async () => {
    const spec = { args: specification(host) };
    spec.args.network = { ...spec.args.network, ipRange: "192.168.76.96/28" };
    const stack = await provisioned(here, () => spec.args);
    expect(acts((await stack.preview()).started)).toEqual(
      expect.arrayContaining(["replace gw1-web-appliance", "replace gw1-dns-appliance", "replace gw1-lan-network"]),
    );
    const { ended } = await stack.up();
    const order = acts(ended);
    const at = (what: string) => order.indexOf(what);
    const down = ["delete-replaced gw1-web-appliance", "delete-replaced gw1-dns-appliance"].map(at);
    const back = ["create-replacement gw1-web-appliance", "create-replacement gw1-dns-appliance"].map(at);
    expect(Math.min(...down)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...down)).toBeLessThan(at("delete-replaced gw1-lan-network"));
    expect(at("create-replacement gw1-lan-network")).toBeLessThan(Math.min(...back));
    await expectIdentities(here, [DNS, WEB]);
    expect(acts((await stack.preview()).started)).toEqual([]);
  });
});
