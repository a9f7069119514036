import { nearest, Problem } from "../errors";

/** At most so many appliances are applied at once: sshd allows 10 sessions on one connection (MaxSessions). */
export const LANES = 8;

/** For each appliance those that it starts after. */
export type StartAfter = Readonly<Record<string, readonly string[]>>;

/** Unknown names and circles in `startAfter`, with paths below the appliances. */
export function checkOrder(startAfter: StartAfter): Problem[] {
  const names = Object.keys(startAfter);
  const problems: Problem[] = [];
  for (const [name, others] of Object.entries(startAfter))
    for (const [i, other] of others.entries()) {
      if (names.includes(other)) continue;
      const near = nearest(other, names);
      const remedy = near === undefined ? `known: ${names.join(", ")}` : `did you mean ${near}?`;
      problems.push({
        path: [name, "startAfter", i],
        message: `there is no appliance ${JSON.stringify(other)}`,
        remedy,
      });
    }
  const circle = findCircle(startAfter);
  if (circle)
    problems.push({
      path: [circle[0]!, "startAfter"],
      message: `the appliances wait for each other in a circle: ${[...circle, circle[0]].join(" after ")}`,
      remedy: "take one of these out of startAfter",
    });
  return problems;
}

/** The names so that each comes after those that it starts after, alphabetically as far as that leaves a choice. No circles. */
export function startOrder(startAfter: StartAfter): string[] {
  const ordered: string[] = [];
  const visit = (name: string): void => {
    if (ordered.includes(name)) return;
    for (const other of [...(startAfter[name] ?? [])].sort()) visit(other);
    ordered.push(name);
  };
  for (const name of Object.keys(startAfter).sort()) visit(name);
  return ordered;
}

/**
 * For each appliance, in an order in which they can be made, those that it waits for in a run: what it starts after, and the
 * one before it in its lane.
 */
export function lanes(startAfter: StartAfter, width = LANES): Map<string, string[]> {
  const order = startOrder(startAfter);
  return new Map(
    order.map((name, i) => {
      const previous = order[i - width];
      return [name, [...new Set([...(startAfter[name] ?? []), ...(previous === undefined ? [] : [previous])])]];
    }),
  );
}

function findCircle(startAfter: StartAfter): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(name);
    if (at >= 0) return trail.slice(at);
    if (done.has(name)) return undefined;
    for (const other of startAfter[name] ?? []) {
      const found = visit(other, [...trail, name]);
      if (found) return found;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(startAfter)) {
    const found = visit(name, []);
    if (found) return found;
  }
  return undefined;
}
