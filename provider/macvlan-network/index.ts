export * from "./drift";
export * from "./ipv6";
export * from "./macvlan-network";
export * from "./observed";
export * from "./options";
export * from "./preflight";
export * from "./spec";
