import { provision } from "./program";

const host = provision();

export const appliances = host.appliances;
