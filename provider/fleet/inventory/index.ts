export { formatPositioned, type Position, type PositionedProblem } from "./findings";
export { LOCK_FILE, writeLock } from "./lock";
export { type Inventory, type InventoryHost, type LockState, readInventory, type ReadOptions } from "./read";
export { readRecorded, unrecordedAddresses } from "./recorded";
export { type HostArgs, secretSource, type SecretSource, withoutSecretValues, withSecretValues } from "./secrets";
export type {
  FileReference,
  HostDefaults,
  InventoryAppliance,
  InventoryArgs,
  InventoryHostArgs,
  InventoryTemplate,
  Lan,
  SecretReference,
  Variables,
} from "./spec";
