import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { BROADCAST, writeEthernet } from "./frame";
import { framed, frameReader, Switch } from "./switch";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const C = "02:00:00:00:00:0c";

const frame = (source: string, destination: string) =>
  writeEthernet({ source, destination, type: 0x88b5, payload: Buffer.from(`${source} to ${destination}`) });

describe("Switch", () => {
  let lan: Switch;
  let got: string[];

  beforeEach(() => {
    lan = new Switch();
    got = [];
    for (const name of ["one", "two", "three"]) lan.addPort(name, () => got.push(name) > 0);
  });

  const send = (port: string, source: string, destination: string): string[] => {
    got.length = 0;
    lan.receive(port, frame(source, destination));
    return [...got];
  };

  test("floods what it does not know, and never back to the sender", () => {
    expect(send("one", A, B)).toEqual(["two", "three"]);
    expect(send("one", A, BROADCAST)).toEqual(["two", "three"]);
  });

  test("sends a known address to its port alone", () => {
    send("two", B, BROADCAST);
    expect(send("one", A, B)).toEqual(["two"]);
  });

  test("an address that moves is found at its new port", () => {
    send("two", B, BROADCAST);
    send("three", B, BROADCAST);
    expect(send("one", A, B)).toEqual(["three"]);
  });

  test("keeps apart what stays on one port", () => {
    send("one", B, BROADCAST);
    expect(send("one", A, B)).toEqual([]);
  });

  test("a closed port takes and gives nothing, and is forgotten", () => {
    send("two", B, BROADCAST);
    lan.setPort("two", false);
    expect(send("two", B, BROADCAST)).toEqual([]);
    expect(send("one", A, B)).toEqual(["three"]);
    lan.setPort("two", true);
    expect(send("one", A, B)).toEqual(["two", "three"]);
  });

  test("a limit on MACs drops the frames of further ones", () => {
    lan.limitMacs("one", 1);
    expect(send("one", A, BROADCAST)).toEqual(["two", "three"]);
    expect(send("one", C, BROADCAST)).toEqual([]);
    expect(send("one", A, BROADCAST)).toEqual(["two", "three"]);
    expect(lan.state()[0]).toMatchObject({ name: "one", received: 2, dropped: 1, macs: new Map([[A, 2]]) });
    lan.limitMacs("one", undefined);
    expect(send("one", C, BROADCAST)).toEqual(["two", "three"]);
  });

  test("counts what a wire did not take", () => {
    lan.addPort("full", () => false);
    send("one", A, BROADCAST);
    expect(lan.state().at(-1)).toMatchObject({ name: "full", sent: 0, dropped: 1 });
  });

  test("a removed port is gone", () => {
    send("two", B, BROADCAST);
    lan.removePort("two");
    expect(send("one", A, B)).toEqual(["three"]);
  });

  test("an unknown port is named", () => {
    expect(() => lan.setPort("lab7", true)).toThrow("the LAN has no port lab7; it has one, two, three");
  });
});

test("frames survive however the stream is cut", () => {
  const frames = fc.array(fc.uint8Array({ minLength: 0, maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((bytes) => framed(Buffer.from(bytes))));
      const got: Buffer[] = [];
      const read = frameReader((bytes) => got.push(Buffer.from(bytes)));
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = cuts[i % cuts.length]!;
        read(stream.subarray(at, at + length));
        at += length;
      }
      expect(got).toEqual(sent.map((bytes) => Buffer.from(bytes)));
    }),
  );
});
