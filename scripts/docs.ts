import { writeFileSync } from "node:fs";
import { RULES_PAGE, rulesPage } from "./rules-page";

/** `npm run docs`: writes the pages of the manual that are made of the sources. */
async function main(): Promise<void> {
  writeFileSync(RULES_PAGE, await rulesPage());
}

void main();
