import { describe, expect, test } from "vitest";
import { acts, bare, DNS, expectIdentities, site, specification, stackOf, WEB } from "./site";

const here = site();
const { host } = here;

describe("an engine that is killed in the middle of an up", () => {
  // A second after one resource is done, the next one is being made: the link, the network, the first appliance.
  test.each(["gw1-boot-install", "gw1-lan0-link", "gw1-lan-network"])(
    "just after %s: the next up completes",
    async (last) => {
      await bare(here);
      const stack = await stackOf(() => specification(host));
      let killed = false;
      const first = await stack.up({
        mayFail: true,
        onStep: ({ name }) => {
          if (name === last) setTimeout(() => (killed = stack.kill()), 1000);
        },
      });
      expect(killed, first.output).toBe(true);
      expect(first.ok).toBe(false);
      expect(acts(first.ended)).not.toContain("create gw1-web-appliance");
      await stack.recover();
      await stack.up();
      await expectIdentities(here, [DNS, WEB]);
      expect(acts((await stack.preview()).started)).toEqual([]);
      expect(stack.state()).not.toContain('"pending_operations":[{');
    },
  );
});
