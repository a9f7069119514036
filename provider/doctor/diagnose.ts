import { DoctorRule, Finding, sayAll, Weight } from "./finding";
import { Sight } from "./look";
import { bootRules } from "./rules/boot";
import { containerRules } from "./rules/containers";
import { ghostRules } from "./rules/ghosts";
import { hostRules } from "./rules/host";
import { networkRules } from "./rules/networks";
import { reachRules } from "./rules/reach";
import { Setup, survey } from "./setup";

export const doctorRules: readonly DoctorRule<Setup>[] = [
  ...hostRules,
  ...ghostRules,
  ...networkRules,
  ...containerRules,
  ...bootRules,
  ...reachRules,
];

const ORDER: readonly Weight[] = [Weight.Problem, Weight.Risk, Weight.Note];

/** Everything that the doctor has to say about a host, what matters most first. */
export function diagnose(sight: Sight): Finding[] {
  return worstFirst(sayAll(doctorRules, survey(sight)));
}

export function worstFirst<T extends { readonly severity: Weight }>(findings: readonly T[]): T[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}
