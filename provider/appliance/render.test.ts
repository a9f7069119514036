import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { decodeFrames } from "../ssh";
import { readCompose } from "./definition";
import { applianceFiles, renderFiles, renderSecrets, versionDigest } from "./render";
import { resolveAppliance, ResolvedAppliance } from "./resolve";
import { ApplianceArgs } from "./spec";

const base: ApplianceArgs = {
  ssh: { destination: "gw1" },
  name: "adguard",
  network: { subnet: "192.168.76.0/24", gateway: "192.168.76.1" },
  ip: "192.168.76.53",
};
const inline = (service: object, more: Partial<ApplianceArgs> = {}) => resolveAppliance({ ...base, service, ...more });

/** As `compose` would give it, without a file on disk. */
function composed(text: string, lanService: string, more: Partial<ApplianceArgs> = {}): ResolvedAppliance {
  const args = { ...base, service: { image: "x" }, ...more };
  const context = {
    ip: base.ip,
    mac: "02:42:c0:a8:4c:35",
    place: { name: args.name, network: args.network.name ?? "lan" },
  };
  const { definition, problems } = readCompose(
    text,
    "c.yaml",
    { lanService, files: args.files, secrets: args.secrets },
    context,
  );
  expect(problems).toEqual([]);
  return { ...resolveAppliance(args), definition: definition! };
}

interface Pins {
  services: Record<
    string,
    { restart?: string; container_name?: string; labels: Record<string, string>; networks?: Record<string, unknown> }
  >;
  networks: Record<string, { name?: string }>;
}
const pinsOf = (appliance: ResolvedAppliance) => parse(applianceFiles(appliance)["pins.yaml"]!) as Pins;

describe("what goes to the host", () => {
  it("has the IPv6 address on a LAN that has IPv6, and says nothing of it on another", () => {
    const service = { image: "x" };
    const network = { ...base.network, subnet6: "fd00:76::/64" };
    const files = (more: Partial<ApplianceArgs>) => applianceFiles(inline(service, more));
    const given = files({ network, ip6: "fd00:76::53" });
    expect(given["pins.yaml"]).toContain("ipv4_address: 192.168.76.53\n        ipv6_address: fd00:76::53\n");
    expect(given["appliance.conf"]).toContain("MAC='02:42:c0:a8:4c:35'\nIP6='fd00:76::53'\n");
    expect(files({ network })["appliance.conf"]).toContain("IP6='fd00:76::c0a8:4c35'\n");
    expect(JSON.stringify(files({}))).not.toMatch(/IP6|ipv6/);
  });

  it("for an inline service", () => {
    expect(
      renderFiles(
        inline(
          {
            image: "adguard/adguardhome@sha256:0",
            volumes: ["data:/opt", "./conf/a.yaml:/conf/a.yaml:ro"],
            environment: { TOKEN: "${TOKEN}" },
          },
          {
            files: { "conf/a.yaml": "a: 1\n== not a frame\n" },
            secrets: { TOKEN: "never here" },
            startAfter: ["dns", "ntp"],
            readyTimeout: 30,
            deleteVolumes: true,
          },
        ),
      ),
    ).toMatchSnapshot();
  });

  it("with what Docker is to do about routers, only where it would do the opposite", () => {
    const dual = { ...base.network, subnet6: "fd00:76::/64" };
    const end = {
      lan: { driver_opts: { "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1" } },
    };
    const pinsFor = (more: Partial<ApplianceArgs>, service: object = {}) => {
      const text = applianceFiles(inline({ image: "x", ...service }, more))["pins.yaml"];
      const { sysctls, networks } = (parse(text!) as { services: Record<string, Record<string, unknown>> }).services[
        "adguard"
      ]!;
      return { sysctls, driver_opts: (networks as Record<string, Record<string, unknown>>)["lan"]!["driver_opts"] };
    };
    const option = (settings: string) => ({ "com.docker.network.endpoint.sysctls": settings });
    const nothing = { sysctls: undefined, driver_opts: undefined };
    for (const more of [{}, { slaac: false }, { network: dual }, { network: dual, slaac: true }])
      expect(pinsFor(more)).toEqual(nothing);
    expect(pinsFor({ slaac: true })).toEqual({
      sysctls: { "net.ipv6.conf.all.disable_ipv6": "0" },
      driver_opts: option("net.ipv6.conf.IFNAME.disable_ipv6=0"),
    });
    expect(pinsFor({ network: dual, slaac: false }, { networks: end })).toEqual({
      ...nothing,
      driver_opts: option("net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=0"),
    });
  });

  it("for a compose file of several services", () => {
    const text = `services:
  controller:
    image: unifi:9
    container_name: unifi
    restart: always
    depends_on:
      db: { condition: service_healthy }
      setup: { condition: service_completed_successfully }
    secrets: [password]
  db:
    image: mongo:7
    volumes: ["db:/data/db", "./init:/docker-entrypoint-initdb.d:ro"]
  setup:
    image: busybox
    command: ["true"]
volumes: { db: {} }
secrets: { password: { environment: PASSWORD } }
`;
    const appliance = composed(text, "controller", {
      name: "unifi",
      files: { "init/user.js": "x\n" },
      secrets: { PASSWORD: "p" },
    });
    expect(applianceFiles(appliance)).toMatchSnapshot();
  });

  it("begins with a line that is not YAML, and comes apart as it was put together", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?$/), fc.string()), (files) => {
        const appliance = inline({ image: "x" }, { files });
        const text = renderFiles(appliance);
        expect(text.startsWith("== compose.yaml\n")).toBe(true);
        const unpacked = decodeFrames(text);
        for (const [path, content] of Object.entries(applianceFiles(appliance)))
          expect(unpacked.get(path)).toBe(content === "" || content.endsWith("\n") ? content : `${content}\n`);
      }),
    );
  });
});

describe("pins", () => {
  it("give a restart policy only where there is none and nobody waits for the end", () => {
    const services =
      "services: {a: {image: i, depends_on: {c: {condition: service_completed_successfully}}}, b: {image: i, restart: 'no'}, c: {image: i}, d: {image: i, deploy: {restart_policy: {condition: none}}}}";
    const pins = pinsOf(composed(services, "a"));
    expect(Object.entries(pins.services).map(([name, { restart }]) => [name, restart])).toEqual([
      ["a", "unless-stopped"],
      ["b", undefined],
      ["c", undefined],
      ["d", undefined],
    ]);
  });

  it("keep services within reach of each other, and the default route on the LAN", () => {
    const two = "services: {a: {image: i}, b: {image: i}}";
    expect(pinsOf(composed(two, "a"))).toMatchObject({
      services: { a: { networks: { default: {}, lan: {} } } },
      networks: { default: { name: "z_adguard_default" } },
    });
    expect(pinsOf(composed(two, "a", { name: "unifi" })).networks).not.toHaveProperty("default");
    expect(pinsOf(composed(two, "a", { network: { ...base.network, name: "zoo" } })).networks["default"]).toEqual({
      name: "zz_adguard_default",
    });
    const apart = "services: {a: {image: i}, b: {image: i, network_mode: none}}";
    expect(Object.keys(pinsOf(composed(apart, "a")).services["a"]!.networks!)).toEqual(["lan"]);
    const own = "services: {a: {image: i, networks: [back]}, b: {image: i, networks: [back]}}\nnetworks: {back: {}}";
    expect(pinsOf(composed(own, "a"))).toMatchObject({ networks: { back: { name: "z_adguard_back" } } });
  });

  it("leave a container name that the user chose", () => {
    expect(pinsOf(composed("services: {a: {image: i, container_name: mine}}", "a")).services["a"]).not.toHaveProperty(
      "container_name",
    );
    expect(applianceFiles(inline({ image: "i", container_name: "mine" }))["appliance.conf"]).toContain(
      "CONTAINER='mine'",
    );
  });

  it("change a service whose mounted files change, and no other", () => {
    const text = "services: {a: {image: i, volumes: ['./conf:/c']}, b: {image: i, volumes: ['./other:/c']}}";
    const labels = (files: Record<string, string>) =>
      Object.values(pinsOf(composed(text, "a", { files })).services).map(
        ({ labels }) => labels["pulumi-macvlan.files"],
      );
    const [a, b] = labels({ "conf/x": "1", "conf/y": "1", "other/x": "1" });
    const [a2, b2] = labels({ "conf/x": "1", "conf/y": "2", "other/x": "1" });
    expect(a2).not.toBe(a);
    expect(b2).toBe(b);
  });
});

describe("secrets", () => {
  it("come out of a shell as they went in", () => {
    const value = fc.string({
      unit: fc.oneof(
        fc.constantFrom("'", '"', "\\", "$", "`", "\n", "=", " ", "!"),
        fc.string({ minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(
        value.map((text) => text.replaceAll("\0", "")),
        (secret) => {
          const script = decodeFrames(renderSecrets({ KEY: secret })).get("secrets.sh")!;
          const out = execFileSync("sh", ["-c", `${script}\nprintf '%s' "$KEY"`], { encoding: "utf8" });
          expect(out).toBe(secret);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("are sorted, so that the same secrets are the same text", () => {
    expect(renderSecrets({ B: "2", A: "1" })).toBe(renderSecrets({ A: "1", B: "2" }));
  });
});

describe("the digest of a version", () => {
  it("is that of sha256sum over its own lines", () => {
    expect(versionDigest({ b: "x", a: "y\n" })).toBe(versionDigest({ a: "y\n", b: "x\n" }));
    const lines = ["a", "b"].map((name) => {
      const content = name === "a" ? "y\n" : "x\n";
      return `${execFileSync("sha256sum", { input: content, encoding: "utf8" }).slice(0, 64)}  ${name}\n`;
    });
    expect(versionDigest({ b: "x", a: "y\n" })).toBe(
      execFileSync("sha256sum", { input: lines.join(""), encoding: "utf8" }).slice(0, 64),
    );
  });
});
