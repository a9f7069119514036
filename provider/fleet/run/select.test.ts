import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inShard, parseShard, select, Selection, shards, waves } from "./select";

const fleet = [
  { name: "gw1", tags: ["edge", "canary"] },
  { name: "gw2", tags: ["edge"] },
  { name: "lab", tags: [] },
  { name: "shop", tags: ["site-b"] },
];
const names = (hosts: readonly { name: string }[]): string[] => hosts.map(({ name }) => name);

describe("select", () => {
  it.each<[Selection, string[]]>([
    [{}, ["gw1", "gw2", "lab", "shop"]],
    [{ hosts: ["shop", "gw1"] }, ["gw1", "shop"]],
    [{ tags: ["edge"] }, ["gw1", "gw2"]],
    [{ tags: ["edge"], hosts: ["lab", "gw1"] }, ["gw1", "gw2", "lab"]],
    [{ shard: "2/3" }, ["gw2"]],
    [{ shard: "1/3" }, ["gw1", "shop"]],
    [{ tags: ["edge"], shard: "2/2" }, ["gw2"]],
    [{ shard: "9/9" }, []],
  ])("%j", (selection, expected) => {
    expect(names(select(fleet, selection).selected)).toEqual(expected);
    expect(select(fleet, selection).problems).toEqual([]);
  });

  it.each<[Selection, string, string]>([
    [{ hosts: ["gw3"] }, "there is no host gw3", "did you mean gw1?"],
    [{ hosts: ["printer"] }, "there is no host printer", "known: gw1, gw2, lab, shop"],
    [{ tags: ["edgy"] }, "there is no tag edgy", "did you mean edge?"],
    [{ shard: "3/2" }, "--shard 3/2 is not a part of a whole", "give I/N, such as 2/4"],
  ])("%j is told", (selection, message, remedy) => {
    expect(select(fleet, selection).problems).toEqual([{ path: [], message, remedy }]);
  });

  it("tells everything that is wrong at once", () =>
    expect(select(fleet, { hosts: ["a9"], tags: ["zz9"], shard: "x" }).problems).toHaveLength(3));
});

describe("shards", () => {
  it.each(["0/1", "1", "1/0", "-1/2", "1/2/3", "a/b", "2/1", ""])("%j is none", (text) =>
    expect(parseShard(text)).toBeUndefined(),
  );

  it("have every host once, and differ by one host at most", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 1, max: 40 }), (size, of) => {
        const hosts = Array.from({ length: size }, (_, i) => i);
        const parts = shards(hosts, of);
        expect(parts.flatMap((part) => part.hosts).sort((a, b) => a - b)).toEqual(hosts);
        const sizes = parts.map((part) => part.hosts.length);
        expect(Math.max(0, ...sizes) - Math.min(Infinity, ...sizes)).toBeLessThanOrEqual(1);
        for (const { shard, hosts: own } of parts) {
          expect(inShard(hosts, parseShard(shard)!)).toEqual(own);
          expect(own.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("are no more than there are hosts", () =>
    expect(shards(["a", "b"], 4).map(({ shard }) => shard)).toEqual(["1/2", "2/2"]));
});

describe("waves", () => {
  it.each<[Parameters<typeof waves>[1], string[][]]>([
    [{}, [["gw1", "gw2", "lab", "shop"]]],
    [{ canary: true }, [["gw1"], ["gw2", "lab", "shop"]]],
    [{ canary: "lab" }, [["lab"], ["gw1", "gw2", "shop"]]],
    [{ waves: ["site-b", "edge"] }, [["shop"], ["gw1", "gw2"], ["lab"]]],
    [{ canary: "gw2", waves: ["edge"] }, [["gw2"], ["gw1"], ["lab", "shop"]]],
  ])("%j", (options, expected) => {
    const { waves: ordered, problems } = waves(fleet, options);
    expect(ordered.map(names)).toEqual(expected);
    expect(problems).toEqual([]);
  });

  it("without a host of the tag canary the first goes first", () =>
    expect(waves(fleet.slice(1), { canary: true }).waves.map(names)).toEqual([["gw2"], ["lab", "shop"]]));

  it("a host or a tag that is not of this run is told", () =>
    expect(waves(fleet, { canary: "gw9", waves: ["nowhere"] }).problems).toHaveLength(2));
});
