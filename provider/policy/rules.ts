import { canonical, LanStack, Member } from "./stack";

/** Something that a policy speaks against. */
export interface Violation {
  readonly urn: string;
  readonly message: string;
}

/** A policy: what it is for, and what it finds in a stack. */
export interface Policy {
  readonly name: string;
  readonly description: string;
  /** Where nothing else is configured. */
  readonly level: "advisory" | "mandatory";
  readonly find: (stack: LanStack) => Violation[];
}

export const policies: readonly Policy[] = [
  {
    name: "lan-address-unique",
    description: "No two members of a LAN have the same IP or MAC address.",
    level: "mandatory",
    find: ({ members }) => [...twins(members, "ip"), ...twins(members, "ip6"), ...twins(members, "mac")],
  },
  {
    name: "lan-address-pinned",
    description: "Whatever is on a macvlan or ipvlan network has a fixed IP, and on macvlan a fixed MAC address.",
    level: "mandatory",
    find: ({ members }) =>
      members.flatMap(({ urn, title, network, pinned }) => {
        const missing = [...(pinned.ip ? [] : ["IP"]), ...(pinned.mac ? [] : ["MAC"])].join(" and no fixed ");
        const what = `${title} has no fixed ${missing} address on ${network}: it changes when the container is made anew`;
        return missing === "" ? [] : [{ urn, message: `${what}; give it one, or make it an Appliance` }];
      }),
  },
  {
    name: "image-version",
    description: "Images on a LAN name a version: not latest, and not nothing.",
    level: "mandatory",
    find: ({ services }) =>
      services.flatMap(({ urn, title, image }) => {
        const { tag, digest } = referenceOf(image);
        if (digest || (tag !== undefined && tag !== "latest")) return [];
        const message = `${title} runs ${image}, which is another image after the next pull; name a version, best with a digest`;
        return [{ urn, message }];
      }),
  },
  {
    name: "image-digest",
    description: "Images on a LAN are named with their digest.",
    level: "advisory",
    find: ({ services }) =>
      services.flatMap(({ urn, title, image }) => {
        const { tag, digest } = referenceOf(image);
        if (digest || tag === undefined || tag === "latest") return [];
        return [{ urn, message: `${title} runs ${image}, whose tag may be moved; add its digest: ${image}@sha256:…` }];
      }),
  },
  {
    name: "health-check",
    description: "Services on a LAN say how to tell that they work.",
    level: "advisory",
    find: ({ services }) =>
      services.flatMap(({ urn, title, healthCheck }) => {
        if (healthCheck === "given") return [];
        const what = healthCheck === "disabled" ? "switches its health check off" : "has no health check of its own";
        return [{ urn, message: `${title} ${what}: an update that breaks it goes unseen; add healthcheck` }];
      }),
  },
];

function twins(members: readonly Member[], kind: "ip" | "ip6" | "mac"): Violation[] {
  const first = new Map<string, Member>();
  return members.flatMap((member) => {
    const address = canonical(member)[kind];
    const twin = address === undefined ? undefined : first.get(address);
    if (address !== undefined && twin === undefined) first.set(address, member);
    if (twin === undefined) return [];
    return [
      {
        urn: member.urn,
        message: `${address} is the address of ${twin.title} and of ${member.title}; give each its own`,
      },
    ];
  });
}

/** `host:5000/name:tag@sha256:…`; what Compose is yet to fill in counts as a version. */
function referenceOf(image: string): { tag?: string; digest: boolean } {
  const [name = "", digest] = image.split("@");
  const tag = /:([^/]+)$/.exec(name)?.[1];
  return { tag: tag ?? (name.includes("$") ? name : undefined), digest: digest !== undefined };
}
