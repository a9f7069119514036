import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { fleetHost } from "../../provider";
import { provision } from "./program";

// `pulumi config set macvlan:inventory FILE`: the host of that inventory that the stack is named after, in place of the example.
const inventory = new pulumi.Config("macvlan").get("inventory");
const host = inventory === undefined ? provision() : fleetHost(resolve(pulumi.getRootDirectory(), inventory));

export const appliances = host.appliances;
