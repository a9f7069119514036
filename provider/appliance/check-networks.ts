import { group } from "../validate";
import { ComposeContext, ComposeProblem, networksOf } from "./model";

/** Networks of the file: no second way onto the LAN, and none that takes the default route from the LAN. */
export function checkNetworks(file: Record<string, unknown>, context: ComposeContext): ComposeProblem[] {
  const problems: ComposeProblem[] = [];
  const defined = group(file["networks"]);
  const joined = networksOf(group(group(file["services"])[context.lanService])) ?? {};
  for (const [key, value] of Object.entries(defined)) {
    const network = group(value);
    const external = network["external"] !== undefined && network["external"] !== false;
    const name = typeof network["name"] === "string" ? network["name"] : external ? key : undefined;
    const isLan = context.place !== undefined && (key === context.place.network || name === context.place.network);
    if (isLan) {
      if (key !== context.place.network)
        problems.push({
          path: ["networks", key],
          message: `is the LAN's network ${context.place.network} under another name, and gives a second address on it`,
          remedy: "leave it out: the appliance is put on the LAN anyway",
        });
      else if (!external)
        problems.push({
          path: ["networks", key],
          message: `the network ${key} is the LAN's, which is not made by a compose file`,
          remedy: "leave it out: the appliance is put on the LAN anyway",
        });
      continue;
    }
    if (/^(mac|ip)vlan$/.test(String(network["driver"])))
      problems.push({
        path: ["networks", key, "driver"],
        message: "would be a second network on the LAN",
        remedy: "leave it out: the appliance is put on the LAN anyway",
      });
    // Docker gives the default route to the network whose name sorts first (26.1.5, seen); 28 has gw_priority, which older Compose refuses.
    else if (
      context.place &&
      key in joined &&
      name !== undefined &&
      name < context.place.network &&
      network["internal"] !== true
    )
      problems.push({
        path: ["networks", key],
        message: `Docker would send what ${context.lanService} sends out of the LAN's subnet through ${name}, because that name sorts before ${context.place.network}`,
        remedy: `take ${context.lanService} off it, or use a network whose name sorts after ${context.place.network}`,
      });
  }
  return problems;
}
