import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { RULES_PAGE, rulesPage } from "../../scripts/rules-page";
import { hostRules } from "./preflight";

it("docs/rules.md is what `npm run docs` writes", async () =>
  expect(readFileSync(RULES_PAGE, "utf8")).toBe(await rulesPage()));

it("explains every rule in a sentence or more, and links to rules that there are", async () => {
  const page = await rulesPage();
  const anchors = [...page.matchAll(/^### (\S+)$/gm)].map(([, id]) => id);
  expect(anchors).toEqual(hostRules.map(({ id }) => id));
  for (const { id, about } of hostRules) expect(about, id).toMatch(/^[A-Za-z`].{30,}[.?)]$/s);
  for (const [, id] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(id);
});
