export * from "./appliance-host";
export * from "./drift";
export * from "./order";
export * from "./preflight";
export * from "./lans";
export * from "./spec";
