import { Rule } from "../../observe";
import { dockerRules } from "./docker";
import { lanRules, NetworkOnLink } from "./lan";
import { networkRules } from "./network";

export { NETWORK_LABEL } from "./network";
export type { NetworkOnLink } from "./lan";

export const macvlanNetworkRules: readonly Rule<NetworkOnLink>[] = [...dockerRules, ...networkRules, ...lanRules];
