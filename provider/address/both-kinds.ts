/** The addresses of who has one of IPv4, and may have one of IPv6. */
export function addressesOf({ ip, ip6 }: { readonly ip: string; readonly ip6?: string }): string[] {
  return ip6 === undefined ? [ip] : [ip, ip6];
}
