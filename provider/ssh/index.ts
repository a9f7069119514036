export * from "./command";
export * from "./conf";
export * from "./failure";
export * from "./frames";
export * from "./quote";
export * from "./run";
export * from "./session";
export * from "./spec";
