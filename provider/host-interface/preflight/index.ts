import { Rule } from "../../observe";
import type { ResolvedInterface } from "../resolve";
import { linkRules } from "./link";
import { nicRules } from "./nic";
import { surroundingsRules } from "./surroundings";

export { deviceUnder, findNics } from "./find-nic";

export const hostInterfaceRules: readonly Rule<ResolvedInterface>[] = [...nicRules, ...linkRules, ...surroundingsRules];
