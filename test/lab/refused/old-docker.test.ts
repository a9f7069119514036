import { test } from "vitest";
import { expectRefused } from "../refusals";
import { site, specification } from "../site";

const here = site();

test("Docker 20.10 without Compose is refused with the versions that are needed, and the host is untouched", () =>
  expectRefused(here, { args: specification(here.host), reasons: [/20\.10/, /25\.0\.3/, /compose/i] }));
