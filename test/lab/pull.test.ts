// Images from a registry, by tag and by digest: the lab's host has one of its own, and the images are not on it beforehand.
import { describe, expect, test } from "vitest";
import { acts, bare, expectIdentities, site, specification, stackOf, WEB } from "./site";

const here = site();
const { host, lab } = here;

const pulled = (image: string) => specification(host, { appliances: { web: { ip: WEB.ip, service: { image } } } });

describe("an image of a registry", () => {
  test("is pulled by tag, changed to a digest, and gone with its appliance", async () => {
    await bare(here);
    const [one, two] = await digests();
    const spec = { args: pulled("127.0.0.1:5000/lab/pulled:1") };
    const stack = await stackOf(() => spec.args);
    await stack.up();
    await expectIdentities(here, [WEB]);
    expect((await lab.lan.http(WEB.ip, 80, "/")).body).toContain("lab/pulled 1");

    // The same image under its digest is another reference: it is made anew, with nothing to pull.
    spec.args = pulled(`127.0.0.1:5000/lab/pulled@${one}`);
    expect(acts((await stack.up()).ended)).toEqual(["update gw1-web-appliance"]);
    spec.args = pulled(`127.0.0.1:5000/lab/pulled@${two}`);
    await stack.up();
    await expectIdentities(here, [WEB]);
    expect((await lab.lan.http(WEB.ip, 80, "/")).body).toContain("lab/pulled 2");
    expect(acts((await stack.preview()).started)).toEqual([]);

    await stack.destroy();
    expect(await host.shell("docker image ls -q 127.0.0.1:5000/lab/pulled")).toBe("");
  });

  test("that is not the one of the digest is refused, and the appliance that runs stays", async () => {
    await bare(here);
    const spec = { args: pulled("127.0.0.1:5000/lab/pulled:1") };
    const stack = await stackOf(() => spec.args);
    await stack.up();
    spec.args = pulled(`127.0.0.1:5000/lab/pulled@sha256:${"0".repeat(64)}`);
    const failed = await stack.up({ mayFail: true });
    expect(failed.ok).toBe(false);
    expect(failed.output).toMatch(/pulled@sha256:0000/);
    expect((await lab.lan.http(WEB.ip, 80, "/")).body).toContain("lab/pulled 1");
    await expectIdentities(here, [WEB]);
  });
});

/** Of lab/pulled:1 and lab/pulled:2, as the registry has them. */
async function digests(): Promise<string[]> {
  const text = await host.shell("cat /usr/share/lab/digests");
  return ["pulled:1", "pulled:2"].map(
    (image) => new RegExp(`${image}\\b.*?(sha256:[0-9a-f]{64})`).exec(text)?.[1] ?? `no digest of ${image}`,
  );
}
