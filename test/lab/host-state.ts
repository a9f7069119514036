import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../lab/vm/host";

const script = readFileSync(join(__dirname, "state.sh"), "utf8");

/** Everything on the host that the project could change, section by section. */
export type HostState = Record<string, string>;

/** Reads it, as root. */
export async function stateOf(host: Host): Promise<HostState> {
  const text = await host.shell("sh -s", { stdin: script, timeout: 120_000 });
  const sections: HostState = {};
  for (const part of text.split(/^== /m).slice(1)) {
    const end = part.indexOf("\n");
    sections[part.slice(0, end)] = part.slice(end + 1);
  }
  return sections;
}

/** What a restart of Docker or of the host changes by itself left out: Docker makes its own bridge anew. */
export function lasting({ links, addresses, routes, files, units, udev }: HostState): HostState {
  const names = [...links!.matchAll(/"ifname": "(.*)"/g)].map(([, name]) => name).join("\n");
  return { links: names, addresses: addresses!, routes: routes!, files: files!, units: units!, udev: udev! };
}

/** What differs, line by line: nothing where two states are the same. */
export function differences(before: HostState, after: HostState): string[] {
  return Object.keys({ ...before, ...after }).flatMap((section) => {
    const [was, is] = [before, after].map((state) => (state[section] ?? "").split("\n"));
    const gone = was!.filter((line) => !is!.includes(line)).map((line) => `${section}: - ${line}`);
    const come = is!.filter((line) => !was!.includes(line)).map((line) => `${section}: + ${line}`);
    return [...gone, ...come];
  });
}
