import { join } from "node:path";
import prettier from "prettier";
import { expect, it } from "vitest";
import { jsonSchema } from "./fixtures/json-schema";

it("is what the schemas and the doc comments say (npx vitest run --project unit provider/fleet/schema -u writes it anew)", async () => {
  const text = await prettier.format(JSON.stringify(jsonSchema()), { parser: "json", printWidth: 120 });
  await expect(text).toMatchFileSnapshot(join(__dirname, "inventory.schema.json"));
});
