import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { DefinitionSpec, readCompose, readDefinition } from "./definition";

const context = { ip: "192.168.76.53", mac: "02:42:c0:a8:4c:35", place: { name: "adguard", network: "lan" } };

/** What is said of a compose file whose only service, `app`, has these lines besides its image. */
const service = (lines: string, spec: DefinitionSpec = {}, more = "") =>
  file(`services:\n  app:\n    image: a\n${indent(lines)}${more}`, spec);

const file = (text: string, spec: DefinitionSpec = {}) =>
  readCompose(text, "c.yaml", spec, context).problems.map(formatProblem);

const indent = (lines: string) =>
  lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `    ${line}\n`)
    .join("");

describe("a service on the LAN", () => {
  it.each<[string, string]>([
    [
      'ports: ["80:80"]',
      "c.yaml:4:5 services.app.ports has no effect: every port of this service is on the LAN at 192.168.76.53; leave ports out",
    ],
    ["ports: [{target: 80, published: 80}]", "services.app.ports has no effect"],
    ["network_mode: host", "services.app.network_mode takes the service off the LAN"],
    ["network_mode: service:other", "services.app.network_mode takes the service off the LAN"],
    ["mac_address: 02:42:00:00:00:01", "services.app.mac_address the MAC of this service is 02:42:c0:a8:4c:35"],
    ["links: [db]", "services.app.links links are of Docker's own bridge"],
    ["external_links: [db]", "services.app.external_links links are"],
    ["scale: 2", "services.app.scale 2 containers cannot have one address"],
    ["deploy: {replicas: 3}", "services.app.deploy.replicas 3 containers cannot have one address"],
    ["deploy: {replicas: 0}", "services.app.deploy.replicas 0 containers"],
    ["deploy: {mode: global}", "services.app.deploy.mode is for a swarm"],
    ["profiles: [debug]", "services.app.profiles the service on the LAN would only start with its profile"],
    ["build: .", "services.app.build nothing is built on the host; push the image to a registry"],
    ["container_name: a", 'services.app.container_name "a" cannot be the name of a container'],
    ["extends: {file: other.yaml, service: x}", "services.app.extends extends a service of another file"],
    [
      "labels: {pulumi-macvlan.appliance: x}",
      "services.app.labels pulumi-macvlan.appliance is a label of this package",
    ],
    ["labels: [pulumi-macvlan.x=y]", "services.app.labels pulumi-macvlan.x is a label of this package"],
    [
      "networks: {lan: {ipv4_address: 192.168.76.54}}",
      "services.app.networks.lan.ipv4_address the address of this service is 192.168.76.53",
    ],
    [
      "networks: {lan: {mac_address: 02:42:00:00:00:01}}",
      "services.app.networks.lan.mac_address the MAC of this service is",
    ],
    ["enviroment: {A: b}", "services.app.enviroment is not known to Compose; did you mean environment?"],
    ["volumes: [./data:/data]", "services.app.volumes[0] ./data is not in files, so it would not be on the host"],
    ["volumes: [../data:/data]", "services.app.volumes[0] ../data is not below the compose file"],
    ["volumes: [~/data:/data]", "services.app.volumes[0] ~/data is not below the compose file"],
    ["volumes: [{type: bind, source: ./x, target: /x}]", "services.app.volumes[0] ./x is not in files"],
    [
      "env_file: .env.app",
      'services.app.env_file .env.app is not in files, so it would not be on the host; put it into files: { ".env.app": … }',
    ],
    ["env_file: [{path: a.env, required: false}]", "services.app.env_file[0] a.env is not in files"],
    ["env_file: conf", "services.app.env_file conf is not in files"],
    [
      "environment: {A: '${TOKEN}'}",
      "services.app.environment.A the variable TOKEN has no value and would be empty; put TOKEN into secrets",
    ],
    ["environment: ['A=$TOKEN']", "services.app.environment[0] the variable TOKEN has no value"],
    ["environment: [TOKEN]", "services.app.environment[0] the variable TOKEN has no value"],
    ["environment: {TOKEN: }", "services.app.environment.TOKEN the variable TOKEN has no value"],
    ["command: echo ${X:?no}", "services.app.command the variable X has no value"],
  ])("%s", (lines, expected) => {
    const said = service(lines, { files: { "conf/a": "" } });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  it.each([
    "expose: [80]",
    "dns: [192.168.76.1]",
    "ports: []",
    "mac_address: 02-42-C0-A8-4C-35",
    "networks: {lan: {ipv4_address: 192.168.76.53, mac_address: 02:42:c0:a8:4c:35}}",
    "container_name: ad",
    "container_name: '${NAME:-x}'",
    "scale: 1",
    "deploy: {replicas: 1, resources: {limits: {memory: 1g}}}",
    "cap_add: [NET_ADMIN, SYS_TIME]",
    "privileged: true",
    "volumes: [data:/data, /srv/x:/x, ./conf:/conf:ro, ./conf/a:/a, /anonymous]",
    "volumes: ['${DIR:-/srv}/x:/x']",
    "env_file: [./conf/a]",
    "environment: {A: '$$5', B: '${X:-y}', C: 5, D: true}",
    "environment: ['A=b', 'C']",
    "extends: {service: base}",
    "x-note: {anything: '1'}",
    "some_key_of_a_later_compose: 1",
    "<<: {init: true}",
  ])("%s is fine", (lines) => expect(service(lines, { files: { "conf/a": "x", ".env": "C=1\n" } })).toEqual([]));
});

describe("a compose file", () => {
  it.each<[string, string, DefinitionSpec?]>([
    [
      "include: [other.yaml]\nservices: {app: {image: a}}",
      "c.yaml:1:1 include would need files that are not on the host",
    ],
    [
      "service: {}\nservices: {app: {image: a}}",
      "c.yaml:1:1 service is not a part of a compose file; did you mean services?",
    ],
    ["name: other\nservices: {app: {image: a}}", "name the project is called like the appliance, adguard"],
    ["services:\n  app: {command: x}", "c.yaml:2:3 services.app has no image"],
    ["services: {}", "c.yaml:1:1 has no services"],
    ["", "has no services"],
    ["- a", "has no services"],
    ["a: [", "c.yaml:1:5 Flow sequence"],
    ["services: {app: {image: a}}\nservices: {b: {image: a}}", "c.yaml:2:1 Map keys must be unique"],
    ["services: *nothing", "c.yaml Unresolved alias"],
    [
      "services: {a: {image: a}, b: {image: b}}",
      "lanService: the compose file has several services: a, b; say with lanService which one is on the LAN",
    ],
    [
      "services: {app: {image: a}}",
      'lanService: the compose file has no service "ap"; did you mean app?',
      { lanService: "ap" },
    ],
    [
      "services: {app: {image: a}}\nnetworks: {lan: {driver: macvlan}}",
      "networks.lan the network lan is the LAN's, which is not made by a compose file",
    ],
    [
      "services: {app: {image: a}}\nnetworks: {x: {external: true, name: lan}}",
      "networks.x is the LAN's network lan under another name",
    ],
    [
      "services: {app: {image: a}}\nnetworks: {iot: {driver: ipvlan}}",
      "networks.iot.driver would be a second network on the LAN",
    ],
    [
      "services: {app: {image: a, networks: [back]}}\nnetworks: {back: {external: true}}",
      "networks.back Docker would send what app sends out of the LAN's subnet through back",
    ],
    [
      "services: {app: {image: a, networks: [x]}}\nnetworks: {x: {name: backend}}",
      "through backend, because that name sorts before lan",
    ],
    [
      "services: {app: {image: a}, db: {image: b, networks: [lan]}}",
      "services.db.networks.lan one service of an appliance is on the LAN, and that is app",
      { lanService: "app" },
    ],
    [
      "services: {app: {image: a}, db: {image: b, network_mode: lan}}",
      "services.db.network_mode would put the service on the LAN without a fixed address",
      { lanService: "app" },
    ],
    ["services: {app: {image: a}, db: {build: .}}", "services.db.build nothing is built", { lanService: "app" }],
    [
      "services: {app: {image: a, configs: [c]}}\nconfigs: {c: {file: ./c.conf}}",
      "configs.c.file ./c.conf is not in files",
    ],
    [
      "services: {app: {image: a, secrets: [{source: s}]}}\nsecrets: {s: {file: s.txt}}",
      "secrets.s.file s.txt is not in files",
    ],
    [
      "services: {app: {image: a, secrets: [s]}}\nsecrets: {s: {environment: TOK}}",
      "secrets.s.environment the variable TOK has no value",
    ],
    [
      "services: {app: {image: a}}",
      "secrets.TOKEN: nothing takes the secret TOKEN; refer to it as ${TOKEN}, or leave it out",
      { secrets: { TOKEN: "" } },
    ],
  ])("%j", (text, expected, spec) => {
    const said = file(text, spec);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  it.each<[string, DefinitionSpec?]>([
    ["version: '3'\nname: adguard\nservices: {app: {image: a}}\nvolumes: {d: }\nx-a: {}"],
    ["services: {app: {image: a, networks: [lan, back]}}\nnetworks: {lan: {external: true}, back: {}}"],
    ["services: {app: {image: a, networks: [back]}}\nnetworks: {back: {external: true, name: proxy}}"],
    ["services: {app: {image: a, networks: [back]}}\nnetworks: {back: {name: a, internal: true}}"],
    ["services: {app: {image: a}, db: {image: b, ports: ['1:1'], network_mode: host}}", { lanService: "app" }],
    ["services: {app: {image: a}, side: {image: b, network_mode: 'service:app'}}", { lanService: "app" }],
    ["services: {app: {image: a, secrets: [s]}}\nsecrets: {s: {environment: TOK}}", { secrets: { TOK: "x" } }],
    ["services: {app: {image: a, environment: [TOK]}}", { secrets: { TOK: "x" } }],
    ["services: {app: {image: a, env_file: e}}", { secrets: { TOK: "x" }, files: { e: "A=${TOK}\n" } }],
    ["x-a: &a {image: a}\nservices: {app: {<<: *a}}"],
  ])("%j is fine", (text, spec) => expect(file(text, spec)).toEqual([]));

  it("has every problem at once, each at its own place", () => {
    const said = file(
      'services:\n  app:\n    image: a\n    ports:\n      - "53:53"\n    network_mode: host\n  db:\n    build: .\n    volumes:\n      - ./a:/a\n      - ./b:/b\n',
      { lanService: "app" },
    );
    expect(said.map((line) => line.split(" ")[1])).toEqual([
      "c.yaml:4:5",
      "c.yaml:6:5",
      "c.yaml:8:5",
      "c.yaml:10:9",
      "c.yaml:11:9",
    ]);
  });

  it("goes to the host as it was written", () => {
    const text = "# mine\nservices:\n    app: {image: a}   # x\n";
    expect(readCompose(text, "c.yaml", {}, context).definition).toMatchObject({ text, lanService: "app" });
  });

  it("is read from the folder of the program", () => {
    const folder = mkdtempSync(join(tmpdir(), "compose-"));
    try {
      writeFileSync(join(folder, "compose.yaml"), "services: {app: {image: a, scale: 2}}\n");
      const [problem] = readDefinition({ compose: join(folder, "compose.yaml") }, context).problems;
      expect(formatProblem(problem!)).toContain(`compose: ${folder}/compose.yaml:1:28 services.app.scale`);
      const [missing] = readDefinition({ compose: "nowhere/compose.yaml" }, context).problems;
      expect(formatProblem(missing!)).toBe(
        `compose: there is no file nowhere/compose.yaml; give a path that is right from ${process.cwd()}`,
      );
      expect(readDefinition({ compose: folder }, context).problems[0]?.message).toContain("cannot be read (EISDIR)");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("an inline service", () => {
  const said = (value: unknown, spec: DefinitionSpec = {}) =>
    readDefinition({ service: value, ...spec }, context).problems.map(formatProblem);

  it.each<[unknown, string, DefinitionSpec?]>([
    [{ image: "a", ports: ["80:80"] }, "service.ports: has no effect"],
    [{}, "service: has no image"],
    ["nginx", "service: is not a service"],
    [null, "service: is not a service"],
    [["a"], "service: is not a service"],
    [{ image: pulumi.output("a") }, "service.image: is not plain data"],
    [{ image: "a", environment: { A: () => 1 } }, "service.environment.A: is not plain data"],
    [{ image: "a", x: new Date() }, "service.x: is not plain data"],
    [{ image: "a", volumes: ["./x:/x"] }, "service.volumes[0]: ./x is not in files"],
    [{ image: "a" }, "lanService: is for a compose file", { lanService: "web" }],
    [{ image: "a" }, "has both service and compose", { compose: "x" }],
    [undefined, "says nothing to run"],
  ])("%j", (value, expected, spec) => expect(said(value, spec).join("\n")).toContain(expected));

  it("becomes a compose file, with its named volumes and no text that YAML reads as something else", () => {
    const { definition, problems } = readDefinition(
      {
        service: {
          image: "a",
          volumes: ["data:/d", "data:/e", { type: "volume", source: "log", target: "/l" }, "/x:/x"],
          environment: { A: "yes", B: "1_000", C: "0644", D: "1:30", E: "null", F: "2026-01-01" },
        },
      },
      context,
    );
    expect(problems).toEqual([]);
    expect(definition?.text).toMatchSnapshot();
  });

  it("is never larger than it is said to be at most before it is written out", () => {
    const labels = fc.jsonValue({ depthSize: "medium", stringUnit: "binary" });
    const lines = fc.string({ unit: fc.constantFrom("\n", "a", " ", "\t", "é", "\u0007", '"', "#") });
    fc.assert(
      fc.property(labels, lines, (label, command) => {
        const { definition } = readDefinition({ service: { image: "a", labels: { label }, command } }, context);
        return Buffer.byteLength(definition!.text) <= definition!.atMost;
      }),
    );
  });
});
