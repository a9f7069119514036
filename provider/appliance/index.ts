export * from "./appliance";
export * from "./drift";
export { readCompose } from "./definition";
export { APPLIANCE_LABEL, applianceFiles, containerName, versionDigest } from "./render";
export * from "./preflight";
export * from "./resolve";
export * from "./seen";
export * from "./spec";
