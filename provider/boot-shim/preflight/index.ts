import { Rule } from "../../observe";
import { dockerRules } from "./docker";
import { platformRules } from "./platform";
import { systemRules } from "./system";

export const bootShimRules: readonly Rule<unknown>[] = [...platformRules, ...systemRules, ...dockerRules];
