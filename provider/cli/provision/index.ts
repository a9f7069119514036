export * from "./destroy";
export * from "./preview";
export * from "./stacks";
export * from "./up";
