// A fleet of any size, as somebody would write it: templates, a LAN for every ten hosts, and per host what differs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const APPLIANCES_PER_HOST = 20;
const HOSTS_PER_LAN = 10;

/** Writes the inventory into `folder`; the path of its first file. */
export function writeFleet(folder: string, hosts: number): string {
  mkdirSync(join(folder, "app"), { recursive: true });
  writeFileSync(join(folder, "app", "compose.yaml"), COMPOSE);
  const file = join(folder, "fleet.yaml");
  writeFileSync(file, fleetText(hosts));
  return file;
}

export function fleetText(hosts: number): string {
  const lans = Math.ceil(hosts / HOSTS_PER_LAN);
  return [
    "defaults:",
    "  interface: { reach: pinned }",
    "  vars: { zone: example.net }",
    "lans:",
    ...Array.from({ length: lans }, (_, lan) => lanLines(lan)).flat(),
    "templates:",
    ...TEMPLATES,
    "hosts:",
    ...Array.from({ length: hosts }, (_, host) => hostLines(host)).flat(),
    "",
  ].join("\n");
}

const subnetOf = (lan: number): string => `10.${lan >> 8}.${lan & 255}`;

function lanLines(lan: number): string[] {
  const subnet = subnetOf(lan);
  return [
    `  site${lan}:`,
    `    subnet: ${subnet}.0/24`,
    `    gateway: ${subnet}.1`,
    `    reserved: { printer: ${subnet}.5 }`,
    `    vips: { resolver: ${subnet}.3 }`,
  ];
}

function hostLines(host: number): string[] {
  const lan = Math.floor(host / HOSTS_PER_LAN);
  const first = 10 + (host % HOSTS_PER_LAN) * (APPLIANCES_PER_HOST + 1);
  const subnet = subnetOf(lan);
  const mac = `52:54:00:${[host >> 16, (host >> 8) & 255, host & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
  return [
    `  gw${host}:`,
    `    lan: site${lan}`,
    `    tags: [wave${host % 3}]`,
    `    interface: { nic: { mac: "${mac}" } }`,
    `    network: { hostAddress: ${subnet}.${first} }`,
    "    appliances:",
    ...Array.from({ length: APPLIANCES_PER_HOST }, (_, i) => {
      const template = ["dns", "ntp", "web", "app"][i % 4]!;
      const vars = template === "web" ? `, vars: { name: www${i} }` : "";
      return `      ${template}${i}: { template: ${template}, ip: ${subnet}.${first + 1 + i}${vars} }`;
    }),
  ];
}

const DIGEST = `sha256:${"0".repeat(64)}`;

// One as everywhere, one with what the host is called, one with a variable per appliance, one of a compose file.
const TEMPLATES = `  dns:
    vars: { upstream: 9.9.9.9 }
    service:
      image: example.com/dns:1.2.3@${DIGEST}
      volumes: [ "./dnsmasq.conf:/etc/dnsmasq.conf:ro", "cache:/var/cache" ]
      healthcheck: { test: [ CMD, nslookup, example.org, 127.0.0.1 ], interval: 10s }
    files: { dnsmasq.conf: "server=\${{ upstream }}\\n" }
  ntp:
    service:
      image: example.com/ntp:4@${DIGEST}
      environment: { NTP_SERVERS: "0.pool.ntp.org,1.pool.ntp.org", NAME: "\${{ host }}.\${{ zone }}" }
      cap_add: [ SYS_TIME ]
  web:
    vars: { name: www }
    service:
      image: example.com/web:2.0@${DIGEST}
      hostname: "\${{ name }}"
      environment: { TOKEN: "\${TOKEN}", TZ: UTC }
    secrets: { TOKEN: { env: WEB_TOKEN } }
    startAfter: [ dns0 ]
  app:
    compose: app/compose.yaml
    lanService: app
    secrets: { DB_PASSWORD: { env: APP_DB_PASSWORD } }`.split("\n");

const COMPOSE = `services:
  app:
    image: example.com/app:3@${DIGEST}
    environment: { DB_PASSWORD: "\${DB_PASSWORD}" }
    depends_on: [ db ]
    volumes: [ "data:/data" ]
  db:
    image: example.com/db:16@${DIGEST}
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD}" }
    volumes: [ "db:/var/lib/postgresql/data" ]
    networks: [ default ]
volumes:
  data: {}
  db: {}
`;
