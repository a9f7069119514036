import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { provideObservation } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { decodeFrames } from "../ssh";
import type { Appliance as Component } from "./appliance";
import type { ApplianceArgs } from "./spec";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** The engine's mark on a secret in what a resource is registered with. */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const registered: Registered[] = [];
let Appliance: typeof Component;

beforeAll(async () => {
  process.env.MACVLAN_OFFLINE = "1";
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs: inputs as Record<string, unknown> });
      return { id: `${name}-id`, state: inputs as Record<string, unknown> };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
  ({ Appliance } = await import("./appliance"));
});
afterAll(() => {
  delete process.env.MACVLAN_OFFLINE;
});
beforeEach(() => void registered.splice(0));

const args: ApplianceArgs = {
  ssh: { destination: "gw1" },
  name: "web",
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" },
  networkId: pulumi.output("abc"),
  ip: "192.168.76.80",
  service: { image: "web:1", environment: { TOKEN: "${TOKEN}" } },
  secrets: { TOKEN: "correct horse" },
};

async function make(
  more: Partial<ApplianceArgs> = {},
): Promise<{ component: Component; command: Registered; whole: Registered }> {
  const component = new Appliance("gw1-web", { ...args, ...more });
  await pulumi.runtime.disconnect();
  const of = (type: string) => registered.find((resource) => resource.type === type)!;
  return { component, command: of("command:local:Command"), whole: of("pulumi-macvlan:index:Appliance") };
}

const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

describe("the component", () => {
  it("is one Command, which a reviewer can read", async () => {
    const { component, command } = await make();
    expect(registered.map(({ type }) => type)).toEqual(["pulumi-macvlan:index:Appliance", "command:local:Command"]);
    expect(command.name).toBe("gw1-web-appliance");
    expect(command.inputs["create"]).toContain("macvlan-host appliance apply web");
    expect(command.inputs["delete"]).toContain("macvlan-host appliance down web");
    expect(command.inputs["update"]).toBeUndefined();
    expect(command.inputs["triggers"]).toEqual(["gw1", "web", "abc"]);
    expect(command.inputs["addPreviousOutputInEnv"]).toBe(false);
    const { FILES } = command.inputs["environment"] as { FILES: string };
    expect([...decodeFrames(FILES).keys()]).toEqual(["compose.yaml", "pins.yaml", "appliance.conf"]);
    expect(await value(component.ip)).toBe("192.168.76.80");
    expect(await value(component.mac)).toBe("02:42:c0:a8:4c:50");
    expect(await value(component.name)).toBe("web");
  });

  it("keeps secrets apart, marked as such everywhere", async () => {
    const { command, whole } = await make();
    expect(command.inputs["stdin"]).toMatchObject(SECRET);
    expect((command.inputs["stdin"] as { value: string }).value).toBe(
      "== secrets.sh\n# managed by pulumi-macvlan\nexport TOKEN='correct horse'\n",
    );
    expect(whole.inputs["secrets"]).toMatchObject(SECRET);
    const rest = { ...command.inputs, stdin: undefined };
    expect(JSON.stringify(rest)).not.toContain("correct horse");
  });

  it("has no input on stdin without secrets", async () => {
    const { command } = await make({ secrets: undefined, service: { image: "web:1" } });
    expect(command.inputs["stdin"]).toBeUndefined();
  });

  it("refuses before it registers anything", () => {
    expect(
      () => new Appliance("gw1-web", { ...args, name: "w", ip: "10.0.0.1", service: { image: "a", ports: ["1"] } }),
    ).toThrowError(
      /^gw1-web\.name: .*\ngw1-web\.service\.ports: (.*\n)+gw1-web\.ip: 10\.0\.0\.1 is outside|gw1-web\.ip/,
    );
    expect(registered).toEqual([]);
  });
});

it("by itself judges the host for its own pin, before anything is registered", async () => {
  process.env.MACVLAN_OFFLINE = "0";
  try {
    provideObservation(args.ssh, { facts: fixture("trixie-in-use") });
    const other = () => new Appliance("gw1-dns", { ...args, name: "dns", ip: "192.168.76.53" });
    expect(other).toThrow("gw1-dns.ip: 192.168.76.53 is taken by the container pinned on this host");
    expect(registered).toEqual([]);
    await make();
  } finally {
    process.env.MACVLAN_OFFLINE = "1";
  }
});
