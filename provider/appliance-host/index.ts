export * from "./appliance-host";
export * from "./order";
export * from "./preflight";
export * from "./spec";
