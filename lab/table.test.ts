import { expect, test } from "vitest";
import { table } from "./table";

test("columns are as wide as their widest cell", () => {
  expect(
    table(
      ["name", "ip"],
      [
        ["dns", "192.168.76.53"],
        ["a-long-name", ""],
      ],
    ),
  ).toBe(["name         ip", "-----------  -------------", "dns          192.168.76.53", "a-long-name"].join("\n"));
});
