export * from "./interface-name";
export * from "./ipv4";
export * from "./mac";
