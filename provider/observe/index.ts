export * from "./facts";
export * from "./observe";
export * from "./rule";
export * from "./version";
