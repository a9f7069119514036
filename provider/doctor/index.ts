export * from "./diagnose";
export * from "./finding";
export * from "./look";
export * from "./setup";
