export * from "./both-kinds";
export * from "./interface-name";
export * from "./ipv4";
export * from "./ipv6";
export * from "./mac";
