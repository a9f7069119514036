import { describe, expect, test } from "vitest";
import { bare, provisioned, site, specification, stackOf } from "./site";
import { differences, stateOf } from "./host-state";

const here = site();
const { host } = here;

describe("destroy", () => {
  test("leaves the host as it was before the first up", async () => {
    await bare(here);
    const before = await stateOf(host);
    const stack = await provisioned(here, () => specification(host));
    expect(differences(before, await stateOf(host))).not.toEqual([]);
    await stack.destroy();
    expect(differences(before, await stateOf(host))).toEqual([]);
  });

  test("by an account that becomes root leaves it so too", async () => {
    await bare(here);
    const before = await stateOf(host);
    const stack = await stackOf(() => specification(host, { ssh: { destination: host.alias("admin") } }));
    await stack.up();
    await stack.destroy();
    expect(differences(before, await stateOf(host))).toEqual([]);
  });

  test("also when an appliance was removed by hand before", async () => {
    await bare(here);
    const before = await stateOf(host);
    const stack = await provisioned(here, () => specification(host));
    await host.shell("docker rm -f web && rm -rf /etc/macvlan/appliances/web");
    await stack.destroy();
    expect(differences(before, await stateOf(host))).toEqual([]);
  });

  test("keeps volumes unless told otherwise", async () => {
    await bare(here);
    const base = specification(host);
    const kept = { ip: "192.168.76.90", compose: `${__dirname}/volume.compose.yaml` };
    const removed = { ...kept, ip: "192.168.76.91", deleteVolumes: true };
    const stack = await stackOf(() => ({ ...base, appliances: { kept, removed } }));
    await stack.up();
    await stack.destroy();
    expect(await host.shell("docker volume ls -q")).toBe("kept_data\n");
  });
});
