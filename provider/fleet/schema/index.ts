import { join } from "node:path";

/** The JSON Schema of an inventory. It is beside the sources, which the package has beside the compiled code. */
export const SCHEMA_FILE = join(__dirname, "..", "..", "..", "provider", "fleet", "schema", "inventory.schema.json");
