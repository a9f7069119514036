import { z } from "zod";
import { applianceFieldsSchema, applianceNameFault, hostApplianceSchema } from "../appliance";
import { interfaceSchema } from "../host-interface";
import { networkSchema } from "../macvlan-network";
import { overridesSchema } from "../observe";
import { sshSchema } from "../ssh";
import { text } from "../validate";
import { lansSchema } from "./lans";
import { hostRules } from "./preflight";

export const applianceHostSchema = z.strictObject({
  ssh: sshSchema,
  interface: interfaceSchema,
  network: networkSchema,
  lans: lansSchema.optional(),
  appliances: z.record(text(applianceNameFault), hostApplianceSchema),
  failClosed: z.boolean().optional(),
  overrides: overridesSchema(hostRules),
});

/** The same, but for what the fields of an appliance have to do with each other. */
export const hostFieldsSchema = applianceHostSchema.extend({
  appliances: z.record(text(applianceNameFault), applianceFieldsSchema),
});
