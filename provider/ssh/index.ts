export * from "./command";
export * from "./frames";
export * from "./quote";
export * from "./spec";
