import { describe, expect, test } from "vitest";
import { acts, bare, DNS, expectIdentities, site, specification, stackOf, WEB } from "./site";

const here = site();
const { host } = here;
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

describe("an engine that is killed in the middle of an up", () => {
  // From the start of the first resource; what is under way then differs with the machine's speed, which is the point.
  test.each([1, 4, 8, 14, 20])("%s s after its start: the next up completes", async (seconds) => {
    await bare(here);
    const stack = await stackOf(() => specification(host));
    const running = stack.up({ mayFail: true });
    await pause(seconds);
    const killed = stack.kill();
    const first = await running;
    if (killed) expect(first.ok).toBe(false);
    console.log(
      `killed ${seconds} s after the start; finished until then: ${acts(first.ended).join(", ") || "nothing"}`,
    );
    await stack.recover();
    await stack.up();
    await expectIdentities(here, [DNS, WEB]);
    expect(acts((await stack.preview()).started)).toEqual([]);
    expect(stack.state()).not.toContain('"pending_operations":[{');
  });
});
