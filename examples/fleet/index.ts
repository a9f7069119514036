import { fleetHost } from "../../provider";

// A stack is called like its host: `pulumi stack init gw1`.
export const appliances = fleetHost("fleet.yaml").appliances;
