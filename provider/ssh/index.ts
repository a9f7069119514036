export * from "./command";
export * from "./failure";
export * from "./frames";
export * from "./quote";
export * from "./run";
export * from "./session";
export * from "./spec";
