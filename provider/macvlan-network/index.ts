export * from "./macvlan-network";
export * from "./preflight";
export * from "./spec";
