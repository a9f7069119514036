/** The engine that lab/engine/go.mod pins: what is installed or built where none is found. */
export const PINNED_ENGINE = "3.259.0";

/** The oldest engine accepted when one is found: 3.200 has hideDiffs, 3.202 shows a component's inputs in previews. */
export const OLDEST_ENGINE = "3.202.0";

/** The numbers of "v3.259.0", "3.260.1-alpha.2" or a line that holds such; undefined where there are none. */
export function parseVersion(text: string): [number, number, number] | undefined {
  const match = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined;
}

/** Whether what `pulumi version` printed is at least `oldest`. */
export function isRecentEnough(printed: string, oldest = OLDEST_ENGINE): boolean {
  const found = parseVersion(printed);
  const wanted = parseVersion(oldest);
  if (!found || !wanted) return false;
  const at = [0, 1, 2].find((index) => found[index] !== wanted[index]);
  return at === undefined || (found[at] as number) > (wanted[at] as number);
}
