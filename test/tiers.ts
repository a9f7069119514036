/** A tier of tests: either a Vitest project or one command that passes or fails as a whole. */
export interface Tier {
  name: string;
  what: string;
  vitest: string[];
  command?: string[];
  env?: NodeJS.ProcessEnv;
  /** Runs only when it is named: with it all tiers would take too long. */
  named?: true;
  /**
   * Tiers of different lanes run at once, after those without one. A lab host keeps one processor busy, not two, and one that has to
   * come back by itself is mostly waited for.
   */
  lane?: string;
  /** Why the tier cannot run on this machine; undefined when it can. */
  unavailable?: () => Promise<string | undefined>;
}

export const tiers: Tier[] = [
  { name: "types", what: "the TypeScript compiler", vitest: [], command: ["npm", "run", "--silent", "types"] },
  { name: "lint", what: "eslint, prettier, shellcheck", vitest: [], command: ["npm", "run", "--silent", "lint"] },
  { name: "build", what: "the npm package", vitest: [], command: ["npm", "run", "--silent", "build"] },
  {
    name: "unit",
    what: "pure functions, properties, rendered text, components under mocks",
    vitest: ["--project", "unit"],
  },
  { name: "scripts", what: "host scripts in network namespaces", vitest: ["--project", "scripts"] },
  { name: "engine", what: "the real Pulumi engine", vitest: ["--project", "engine"], lane: "three" },
  {
    name: "lab-trixie",
    what: "lab hosts, Debian 13",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie" },
    lane: "one",
  },
  {
    name: "lab-sid",
    what: "lab hosts, Debian unstable",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "sid" },
    lane: "two",
  },
  {
    name: "lab-bookworm",
    what: "a lab host that must be refused",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "bookworm" },
    lane: "one",
  },
  {
    name: "lab-further",
    what: "lab hosts, Debian 13: removal, the doctor, pulls, another destination",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie", LAB_PART: "further", LAB_NAME: "test-further" },
    lane: "two",
  },
  {
    name: "lab-way-back",
    what: "lab hosts, Debian 13, that are cut off and come back",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie", LAB_PART: "way-back", LAB_NAME: "test-way-back" },
    lane: "three",
  },
  {
    name: "lab-network",
    what: "lab hosts, Debian 13: ways to containers that nobody pinned, the move from macvlan-router, VLANs, IPv6, ipvlan, two hosts on the wire",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie", LAB_PART: "network", LAB_NAME: "test-network" },
    named: true,
  },
  {
    name: "lab-network-sid",
    what: "lab hosts, Debian unstable: ways to containers that nobody pinned, one way, VLANs, IPv6, ipvlan",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "sid", LAB_PART: "network-sid", LAB_NAME: "test-network-sid" },
    named: true,
  },
  {
    name: "lab-managers",
    what: "lab hosts, Debian 13: every network manager, and a NIC that becomes another",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie", LAB_PART: "managers", LAB_NAME: "test-managers" },
    named: true,
  },
  {
    name: "lab-faults",
    what: "a lab host that is broken and repaired, Debian 13",
    vitest: ["--project", "lab"],
    env: { LAB_SUITE: "trixie", LAB_PART: "faults", LAB_NAME: "test-faults" },
    named: true,
  },
];
