import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reportOf } from "../provider/cli/report";
import { doctored } from "../provider/cli/run";
import { plain } from "../provider/cli/style";
import { formatReport } from "../provider/cli/text";
import { recorded } from "../provider/doctor/fixtures/sight";

export const DOCTOR_PAGE = join(__dirname, "..", "docs", "doctor.md");

/** The page with what the doctor says today of a recorded host. */
export function doctorPage(): string {
  const report = doctored({ name: "gw1", ssh: { destination: "gw1" } }, recorded("ghost-parent-missing"));
  const text = formatReport(reportOf("doctor", [report]), plain);
  return readFileSync(DOCTOR_PAGE, "utf8").replace(/(```text\n)[^]*?(```)/, (_, begin, end) => `${begin}${text}${end}`);
}
