export { BootShim } from "./boot-shim";
export type { BootShimArgs } from "./boot-shim";
export { HostInterface, Reach } from "./host-interface";
export type { HostInterfaceArgs, InterfaceSpec, NicArgs } from "./host-interface";
export { MacvlanNetwork } from "./macvlan-network";
export type { MacvlanNetworkArgs, NetworkSpec } from "./macvlan-network";
export { SpecError } from "./errors";
export type { Problem } from "./errors";
export type { SshArgs } from "./ssh";
