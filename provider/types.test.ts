import { expectTypeOf, it } from "vitest";
import { z } from "zod";
import { applianceHostSchema, ApplianceHostArgs } from "./appliance-host";
import { HostAppliance } from "./appliance";
import { bootShimSchema, BootShimArgs } from "./boot-shim";
import { hostInterfaceSchema, HostInterfaceArgs, interfaceSchema, InterfaceSpec } from "./host-interface";
import { macvlanNetworkSchema, MacvlanNetworkArgs, networkSchema, NetworkSpec } from "./macvlan-network";
import { sshSchema, SshArgs } from "./ssh";

/** Both have the same fields, of the same types, and the same are optional. */
function same<A, B>(..._proof: [A, B] extends [B, A] ? [] : [never]): void {}

// The interfaces are written by hand for Pulumi's analyzer; the schemas decide what is accepted.
it("schemas accept exactly what the interfaces say", () => {
  same<SshArgs, z.input<typeof sshSchema>>();
  same<BootShimArgs, z.input<typeof bootShimSchema>>();
  same<InterfaceSpec, z.input<typeof interfaceSchema>>();
  same<HostInterfaceArgs, z.input<typeof hostInterfaceSchema>>();
  same<NetworkSpec, z.input<typeof networkSchema>>();
  same<MacvlanNetworkArgs, z.input<typeof macvlanNetworkSchema>>();
  same<Omit<ApplianceHostArgs, "appliances">, Omit<z.input<typeof applianceHostSchema>, "appliances">>();
  expectTypeOf<keyof HostAppliance>().toEqualTypeOf<keyof z.input<typeof applianceHostSchema>["appliances"][string]>();
});
