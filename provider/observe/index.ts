export * from "./facts";
export * from "./files";
export * from "./ghost";
export * from "./observe";
export * from "./parse";
export * from "./rule";
export * from "./units";
export * from "./version";
