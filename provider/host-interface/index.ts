export * from "./drift";
export * from "./host-interface";
export * from "./preflight";
export * from "./render";
export * from "./spec";
