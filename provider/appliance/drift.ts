import { compareFiles, compareMode, HostFacts, seesFiles } from "../observe";
import { containerDrift } from "./container-drift";
import { applianceFiles, versionDigest } from "./render";
import { ResolvedAppliance } from "./resolve";

/** What of an appliance is not as it is to be. How its programs feel (health, crashes) is not in the specification. */
export function applianceDrift(facts: HostFacts, appliance: ResolvedAppliance): string[] {
  const { name } = appliance;
  const files = applianceFiles(appliance);
  const folder = `/etc/macvlan/appliances/${name}/`;
  if (seesFiles(facts)) {
    const applied = facts.applied.get(name);
    if (applied === undefined) {
      const begun =
        [...facts.files.keys()].some((path) => path.startsWith(folder)) ||
        facts.containers.some((container) => container.appliance === name);
      return [begun ? `${name} was not applied to the end` : `${name} is not set up on this host`];
    }
    // Everything else follows from that, be it the host or the specification that went on.
    if (applied !== versionDigest(files)) return [`this host has another version of ${name}`];
  }
  const expected = Object.entries(files).map(([path, content]) => {
    // What containers have mounted they may give to another account.
    const mode = path.startsWith("files/") ? {} : { mode: "0600" };
    return { path: `${folder}${path}`, content, ...mode };
  });
  const path = `${folder}secrets.sh`;
  const secrets = facts.secrets.get(path);
  return [
    ...compareFiles(facts, expected),
    ...(secrets === undefined ? [] : compareMode(path, secrets, "0600")),
    ...containerDrift(facts, appliance),
  ];
}
