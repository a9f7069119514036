export * from "./drift";
export * from "./macvlan-network";
export * from "./observed";
export * from "./preflight";
export * from "./spec";
