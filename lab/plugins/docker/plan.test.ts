// Each expectation is what the official plugin (5.1.0) answers to the same change.
import { describe, expect, test } from "vitest";
import type { Properties } from "../rpc/values";
import { createBody, importedInputs, refreshedInputs, stateOf, type Inspected } from "./inspect";
import { check, diff } from "./plan";

const block = {
  subnet: "192.168.76.0/24",
  gateway: "192.168.76.1",
  ipRange: "192.168.76.32/27",
  auxAddress: { host: "192.168.76.9" },
};
const label = { label: "managed", value: "true" };
const args: Properties = {
  name: "lan",
  driver: "macvlan",
  options: { parent: "lan0", macvlan_mode: "bridge" },
  labels: [label],
  ipamConfigs: [block],
};
const inspected: Inspected = {
  Id: "0123",
  Name: "lan",
  Driver: "macvlan",
  Scope: "local",
  EnableIPv6: false,
  Internal: false,
  Attachable: false,
  Ingress: false,
  Labels: { managed: "true" },
  Options: { parent: "lan0", macvlan_mode: "bridge" },
  IPAM: {
    Driver: "default",
    Options: null,
    Config: [
      {
        Subnet: block.subnet,
        IPRange: block.ipRange,
        Gateway: block.gateway,
        AuxiliaryAddresses: block.auxAddress,
      },
    ],
  },
};
const state = stateOf(inspected, args);
const planned = (change: Properties): Properties => {
  const news = Object.fromEntries(Object.entries({ ...args, ...change }).filter(([, value]) => value !== null));
  return check("n", {}, news).inputs;
};

describe("differences of a network", () => {
  test.each<[string, Properties, object]>([
    ["nothing", {}, {}],
    ["another driver", { driver: "ipvlan" }, { driver: "UPDATE_REPLACE" }],
    ["no driver: the daemon's is fine", { driver: null }, {}],
    ["another option", { options: { parent: "lan1", macvlan_mode: "bridge" } }, { "options.parent": "UPDATE_REPLACE" }],
    ["an option more", { options: { parent: "lan0", macvlan_mode: "bridge", x: "y" } }, { "options.x": "ADD_REPLACE" }],
    ["an option less", { options: { parent: "lan0" } }, { "options.macvlan_mode": "DELETE_REPLACE" }],
    ["no options", { options: null }, {}],
    ["another label", { labels: [{ ...label, value: "yes" }] }, { "labels[0].value": "UPDATE_REPLACE" }],
    ["a label before", { labels: [{ label: "b", value: "c" }, label] }, { "labels[0]": "ADD_REPLACE" }],
    ["a label after", { labels: [label, { label: "zz", value: "c" }] }, { "labels[1]": "ADD_REPLACE" }],
    ["no labels", { labels: null }, { labels: "DELETE_REPLACE" }],
    ["another range", { ipamConfigs: [{ ...block, ipRange: "192.168.76.64/27" }] }, { ipamConfigs: "UPDATE_REPLACE" }],
    ["a block more", { ipamConfigs: [{ subnet: "10.0.0.0/24" }, block] }, { ipamConfigs: "UPDATE_REPLACE" }],
    [
      "no reserved addresses",
      { ipamConfigs: [{ subnet: block.subnet, gateway: block.gateway, ipRange: block.ipRange }] },
      { "ipamConfigs[0].auxAddress": "DELETE_REPLACE" },
    ],
    ["no blocks", { ipamConfigs: null }, {}],
    ["flags on", { internal: true, attachable: true }, { attachable: "UPDATE_REPLACE", internal: "UPDATE_REPLACE" }],
    ["flags off, said aloud", { internal: false, attachable: false, ipv6: false }, {}],
    [
      "address management",
      { ipamOptions: { a: "b" }, ipamDriver: "x" },
      { ipamDriver: "UPDATE_REPLACE", ipamOptions: "ADD_REPLACE" },
    ],
    ["another name", { name: "lan2" }, { name: "UPDATE_REPLACE" }],
  ])("%s", (_, change, expected) => {
    const { diff: found, deleteBeforeReplace } = diff(state, planned(change));
    expect(found).toEqual(expected);
    expect(deleteBeforeReplace).toBe(Object.keys(expected).length > 0);
  });

  test("a flag that the program no longer mentions", () => {
    expect(diff({ ...state, attachable: true }, planned({})).diff).toEqual({ attachable: "DELETE_REPLACE" });
  });

  test("the order of a set means nothing", () => {
    const two = [{ label: "a", value: "1" }, label];
    const news = planned({ labels: [...two].reverse() });
    expect(diff({ ...state, labels: two }, news).diff).toEqual({});
  });

  test("a made-up name stays, and its network is made before the old one goes", () => {
    const first = check("n", {}, {}).inputs;
    expect(first.name).toMatch(/^n-[0-9a-f]{7}$/);
    const second = check("n", first, { driver: "ipvlan" }).inputs;
    expect(second.name).toBe(first.name);
    expect(diff({ ...state, name: first.name ?? "" }, second).deleteBeforeReplace).toBe(false);
  });

  test("what is imported is what the program would have said", () => {
    expect(diff(state, { ...importedInputs(state), ipamDriver: "default" }).diff).toEqual({});
    const refreshed = refreshedInputs(planned({}), state);
    expect(diff(state, refreshed).diff).toEqual({});
  });

  test("a network with an IPv6 half is read as it was asked for, and becomes another one without it", () => {
    const half = { subnet: "fd00:76::/64", gateway: "fd00:76::1", ipRange: "fd00:76::1/128" };
    const dual = { ...args, ipv6: true, ipamConfigs: [block, half] };
    expect(createBody(dual)).toMatchObject({
      EnableIPv6: true,
      IPAM: { Config: [{}, { Subnet: half.subnet, Gateway: half.gateway, IPRange: half.ipRange }] },
    });
    const Config = [{ Subnet: half.subnet, Gateway: half.gateway, IPRange: half.ipRange }, ...inspected.IPAM.Config!];
    const found = stateOf({ ...inspected, EnableIPv6: true, IPAM: { ...inspected.IPAM, Config } }, dual);
    expect(diff(found, planned({ ipv6: true, ipamConfigs: [block, half] })).diff).toEqual({});
    expect(diff(found, { ...importedInputs(found), ipamDriver: "default" }).diff).toEqual({});
    expect(diff(found, planned({})).diff).toEqual({ ipamConfigs: "UPDATE_REPLACE", ipv6: "DELETE_REPLACE" });
  });

  test("wrong types are refused, unknown fields too", () => {
    const { failures } = check(
      "n",
      {},
      {
        internal: "maybe",
        options: [],
        labels: {},
        name: 1,
        foo: "bar",
      },
    );
    expect(failures.map(({ property }) => property).sort()).toEqual(["foo", "internal", "labels", "name", "options"]);
  });
});
