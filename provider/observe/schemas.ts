// What the programs of a host print, as far as it is used.
import { z } from "zod";

/** A network interface, from `ip -j -d link`. */
export const linkSchema = z.object({
  ifname: z.string(),
  link_type: z.string(),
  address: z.string().default(""),
  /** Printed only where it differs from `address`. */
  permaddr: z.string().optional(),
  flags: z.array(z.string()).default([]),
  operstate: z.string().default("UNKNOWN"),
  mtu: z.number().optional(),
  altnames: z.array(z.string()).default([]),
  ifalias: z.string().optional(),
  /** The lower device of a macvlan, ipvlan or VLAN. */
  link: z.string().optional(),
  /** The bridge or bond that it is a member of. */
  master: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_slave_kind: z.string().optional(),
      info_data: z
        .object({
          mode: z.string().optional(),
          /** Of a macvlan: the queue that it asks for. */
          bcqueuelen: z.number().optional(),
          /** Flags of an ipvlan. */
          private: z.boolean().optional(),
          vepa: z.boolean().optional(),
          /** VLAN id, and whether it is 802.1Q or 802.1ad. */
          id: z.number().optional(),
          protocol: z.string().optional(),
        })
        .catch({}),
    })
    .partial()
    .optional(),
});

export const routeSchema = z.object({
  dst: z.string(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  protocol: z.string().optional(),
  prefsrc: z.string().optional(),
  metric: z.number().optional(),
});

export const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.string().optional(),
});

export const addressesSchema = z.object({
  ifname: z.string(),
  addr_info: z
    .array(z.object({ family: z.string().optional(), local: z.string().optional(), prefixlen: z.number().optional() }))
    .default([]),
});

export const versionSchema = z.object({
  Server: z
    .object({
      Version: z.string(),
      ApiVersion: z.string(),
      Components: z
        .array(z.object({ Name: z.string() }))
        .nullish()
        .transform((list) => list ?? []),
    })
    .nullish(),
});

export const infoSchema = z.object({
  serverVersion: z.string(),
  os: z.string(),
  security: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
  root: z.string(),
  liveRestore: z.boolean(),
  networkPlugins: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
});

export const composeSchema = z.object({ Version: z.string().optional(), version: z.string().optional() });

const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

/** A network in Docker's API. */
export const networkSchema = z
  .object({
    Id: z.string(),
    Name: z.string(),
    Driver: z.string(),
    Internal: z.boolean(),
    EnableIPv6: z.boolean(),
    Options: strings,
    Labels: strings,
    IPAM: z.object({
      Driver: z.string(),
      Config: z
        .array(
          z.object({
            Subnet: z.string().optional(),
            IPRange: z.string().optional(),
            Gateway: z.string().optional(),
            AuxiliaryAddresses: strings,
          }),
        )
        .nullish()
        .transform((list) => list ?? []),
    }),
  })
  .transform(({ Id: id, Name: name, Driver: driver, Internal, EnableIPv6, Options, Labels, IPAM }) => ({
    ...{ id, name, driver, internal: Internal, ipv6: EnableIPv6, options: Options, labels: Labels, ipam: IPAM },
  }));

export const containerSchema = z.object({
  id: z.string(),
  name: z.string().transform((name) => name.replace(/^\//, "")),
  status: z.string(),
  error: z.string(),
  health: z.string().nullable(),
  image: z.string(),
  imageId: z.string(),
  /** The appliance whose project it belongs to; empty for containers that are not ours. */
  appliance: z.string(),
  project: z.string(),
  service: z.string(),
  restart: z.string(),
  pid: z.number().default(0),
  startedAt: z.string().default(""),
  networkMode: z.string().default(""),
  networks: z
    .record(
      z.string(),
      z.object({
        IPAMConfig: z.object({ IPv4Address: z.string().optional(), IPv6Address: z.string().optional() }).nullish(),
        MacAddress: z.string(),
        IPAddress: z.string(),
        GlobalIPv6Address: z.string().optional(),
        NetworkID: z.string(),
      }),
    )
    .nullish()
    .transform((map) => map ?? {}),
});

export type LinkFact = z.output<typeof linkSchema>;
export type RouteFact = z.output<typeof routeSchema>;
export type NeighbourFact = z.output<typeof neighbourSchema>;
export type NetworkFact = z.output<typeof networkSchema>;
export type ContainerFact = z.output<typeof containerSchema>;
export type InfoFact = z.output<typeof infoSchema>;
