import { readFileSync, writeFileSync } from "node:fs";
import { DOCTOR_PAGE, doctorPage } from "./doctor-page";
import { NETWORKING_PAGE, networkingPage, pictures } from "./networking-page";
import { RULES_PAGE, rulesPage } from "./rules-page";

/** `npm run docs`: writes the pages of the manual that are made of the sources. */
async function main(): Promise<void> {
  writeFileSync(RULES_PAGE, await rulesPage());
  writeFileSync(DOCTOR_PAGE, doctorPage());
  for (const { path, svg } of pictures()) writeFileSync(path, svg);
  writeFileSync(NETWORKING_PAGE, networkingPage(readFileSync(NETWORKING_PAGE, "utf8")));
}

void main();
