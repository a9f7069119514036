export * from "./appliance-host";
export * from "./drift";
export * from "./order";
export * from "./preflight";
export * from "./spec";
