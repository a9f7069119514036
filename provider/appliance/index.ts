export * from "./appliance";
export { readCompose } from "./definition";
export { APPLIANCE_LABEL, applianceFiles, versionDigest } from "./render";
export * from "./preflight";
export * from "./resolve";
export * from "./spec";
