import { PositionedProblem } from "./findings";
import { Inventory, readInventory, ReadOptions } from "./read";
import { InventoryArgs } from "./spec";

/** Reads a fleet whose addresses others rely on: one that was given and is in no lock file yet is a problem too. */
export function readRecorded(
  inputs: readonly (string | InventoryArgs)[],
  options: ReadOptions = {},
): { inventory?: Inventory; problems: PositionedProblem[] } {
  const { inventory, problems } = readInventory(inputs, options);
  const unrecorded = inventory === undefined ? [] : unrecordedAddresses(inventory);
  return unrecorded.length > 0 ? { problems: unrecorded } : { inventory, problems };
}

/** Until it is in the lock file, an address that was given may be another one after the next change of the inventory. */
export function unrecordedAddresses({ lock }: Inventory): PositionedProblem[] {
  if (lock.added.length === 0) return [];
  const message = `does not record the address of ${lock.added.join(", ")} yet`;
  const remedy = "run macvlan validate --write-lock, and commit the file";
  return [{ path: [], position: { file: lock.file, line: 1, column: 1 }, hosts: [], message, remedy }];
}
