import { describe, expect, test } from "vitest";
import { isRecentEnough, parseVersion } from "./version";

describe("versions of the engine", () => {
  test.each([
    ["v3.259.0", [3, 259, 0]],
    ["3.260.1-alpha.2\n", [3, 260, 1]],
    ["go version go1.25.11 linux/amd64", undefined],
    ["pulumi: command not found", undefined],
  ])("%s", (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });

  test.each([
    ["v3.202.0", true],
    ["v3.259.0", true],
    ["v4.0.0", true],
    ["v3.201.9", false],
    ["v2.300.0", false],
    ["", false],
  ])("%s is recent enough: %s", (printed, expected) => {
    expect(isRecentEnough(printed, "3.202.0")).toBe(expected);
  });
});
