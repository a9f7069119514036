import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { formatPath, nearest, SpecError } from "./errors";

describe("SpecError", () => {
  const error = new SpecError([
    { path: ["gw1", "appliances", "a.b", "files", 0], message: "is wrong", remedy: "do it right" },
    { path: [], message: "all is wrong", remedy: "" },
  ]);

  it("has every problem on a line of its own, path first", () => {
    expect(error.message).toBe('gw1.appliances["a.b"].files[0]: is wrong; do it right\nall is wrong');
  });

  it("is shown by Pulumi without a stack trace", () => {
    expect(pulumi.RunError.isInstance(error)).toBe(true);
  });
});

it("writes paths as a person would", () => {
  expect(formatPath(["network", "auxAddresses", "tv-2"])).toBe("network.auxAddresses.tv-2");
});

describe("nearest", () => {
  it.each([
    ["gatway", ["subnet", "gateway"], "gateway"],
    ["startafter", ["startAfter"], "startAfter"],
    ["xyz", ["subnet", "gateway"], undefined],
    ["enp3s0", ["enp2s0", "wlan0"], "enp2s0"],
  ])("%s of %j is %s", (word, candidates, expected) => expect(nearest(word, candidates)).toBe(expected));
});
