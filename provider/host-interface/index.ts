export * from "./drift";
export * from "./driver";
export * from "./host-interface";
export * from "./preflight";
export * from "./render";
export * from "./resolve";
export * from "./schema";
export * from "./spec";
