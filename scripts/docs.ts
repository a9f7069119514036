import { writeFileSync } from "node:fs";
import { DOCTOR_PAGE, doctorPage } from "./doctor-page";
import { RULES_PAGE, rulesPage } from "./rules-page";

/** `npm run docs`: writes the pages of the manual that are made of the sources. */
async function main(): Promise<void> {
  writeFileSync(RULES_PAGE, await rulesPage());
  writeFileSync(DOCTOR_PAGE, doctorPage());
}

void main();
