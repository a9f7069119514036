export * from "./boot-shim";
export * from "./preflight";
export * from "./render";
export * from "./spec";
