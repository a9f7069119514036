export * from "./boot-shim";
export * from "./drift";
export * from "./preflight";
export * from "./render";
export * from "./spec";
