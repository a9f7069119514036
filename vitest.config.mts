import { defineConfig } from "vitest/config";

// Lab tests that are tiers of their own, which Debian 13's others leave out: LAB_PART says which.
const parts: Record<string, string[]> = {
  further: ["destroy", "doctor", "fleet", "pull", "moved"],
  "way-back": ["way-back"],
  network: ["reach", "vlan", "ipv6", "slaac", "inbound", "ipvlan", "wire", "router"],
  // what another Docker, systemd or kernel could make different
  "network-sid": ["reach", "vlan", "ipv6", "slaac", "inbound", "ipvlan"],
  managers: ["managers", "nic"],
  // They break and repair a host for an hour.
  faults: ["faults", "rounds"],
};
// What differs between the suites is Docker, systemd and the kernel: sid has what touches these, and Debian 12 has a Docker
// that must be refused.
const labTests: Record<string, string[]> = {
  trixie: [`test/lab/!(${Object.values(parts).flat().join("|")}).test.ts`],
  sid: ["test/lab/up.test.ts", "test/lab/reboot.test.ts"],
  bookworm: ["test/lab/refused/*.test.ts"],
};
const part = process.env.LAB_PART;

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["provider/**/*.test.ts", "lab/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "scripts", include: ["test/scripts/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "lab",
          include: part
            ? parts[part]?.map((name) => `test/lab/${name}.test.ts`)
            : labTests[process.env.LAB_SUITE ?? "trixie"],
          globalSetup: ["test/lab/setup.ts"],
          testTimeout: 900_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
