export { policies, type Policy, type Violation } from "./rules";
export { lanStackOf, type StackResource } from "./stack";
