export { DHCP_FORMATS, domainFault, renderDhcp } from "./formats";
export type { DhcpFormat, DhcpOptions } from "./formats";
export { reservationsOf } from "./reservations";
export type { LanReservations, Reservation } from "./reservations";
