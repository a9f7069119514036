export * from "./facts";
export * from "./observe";
