export * from "./macvlan-router";
