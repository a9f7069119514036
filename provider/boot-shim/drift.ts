import { compareFiles, fileDigest, HostFacts, seesFiles, tell, unitReasons } from "../observe";
import { hostFiles, LIBEXEC, UNITS } from "./render";

const STAGE3 = "macvlan-appliances.service";

/** What of the boot shim is not as it is to be. */
export function bootDrift(facts: HostFacts, failClosed: boolean): string[] {
  const wanted = hostFiles(failClosed);
  if (seesFiles(facts) && !wanted.some(({ path }) => facts.files.has(path)))
    return ["the boot shim is not set up on this host"];
  return [
    ...compareFiles(facts, wanted),
    ...leftOver(
      facts,
      wanted.map(({ path }) => path),
    ),
    ...unitReasons(facts, "docker.service"),
    ...unitReasons(facts, STAGE3),
    ...stale(facts),
    ...stopped(facts),
  ];
}

/** Scripts and units of ours that this version does not have any more. */
function leftOver({ files, foreign }: HostFacts, wanted: readonly string[]): string[] {
  const found = [...files].filter(
    ([path, { digest }]) =>
      (path.startsWith(`${LIBEXEC}/`) || path.startsWith(`${UNITS}/macvlan-`)) &&
      !wanted.includes(path) &&
      !foreign.includes(path) &&
      // A unit that somebody masked is empty.
      digest !== fileDigest(""),
  );
  // What begins with a dot was being written when the power went; nothing runs it.
  const left = found.map(([path]) => path).filter((path) => !path.includes("/."));
  return tell(left, "is left over", "are left over");
}

/** Units whose files somebody changed, or put back, while systemd goes on with what it read before. */
function stale({ units }: HostFacts): string[] {
  const names = [...units].flatMap(([name, { properties }]) =>
    properties.NeedDaemonReload === "yes" && (name === "docker.service" || name.startsWith("macvlan-")) ? [name] : [],
  );
  return tell(names, "is not in force as its files say", "are not in force as their files say");
}

/** Only a stage 3 that runs is there to hold the order when Docker goes down. */
function stopped({ units }: HostFacts): string[] {
  const stage3 = units.get(STAGE3);
  if (units.get("docker.service")?.activeState !== "active" || stage3?.loadState !== "loaded") return [];
  if (stage3.activeState === "failed") return [`${STAGE3} has failed`];
  return stage3.activeState === "inactive" ? [`${STAGE3} does not run`] : [];
}
