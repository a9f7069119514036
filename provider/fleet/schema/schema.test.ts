import { readFileSync } from "node:fs";
import { join } from "node:path";
import prettier from "prettier";
import { expect, it } from "vitest";
import { SCHEMA_FILE } from ".";
import { jsonSchema } from "./fixtures/json-schema";
import { keyTables } from "./fixtures/key-tables";

const HEADING = "## All keys";

it("is what the schemas and the doc comments say (npx vitest run --project unit provider/fleet/schema -u writes it anew)", async () => {
  const text = await prettier.format(JSON.stringify(jsonSchema()), { parser: "json", printWidth: 120 });
  await expect(text).toMatchFileSnapshot(SCHEMA_FILE);
});

it("is the table of keys in docs/inventory.md", async () => {
  const file = join(__dirname, "..", "..", "..", "docs", "inventory.md");
  const text = readFileSync(file, "utf8");
  const hand = text.slice(0, text.indexOf(HEADING) + HEADING.length);
  const whole = await prettier.format(`${hand}\n\n${keyTables(jsonSchema())}`, { parser: "markdown", printWidth: 120 });
  await expect(whole).toMatchFileSnapshot(file);
});
