import type { Lab } from "../../../lab/lab";
import type { Host } from "../../../lab/vm/host";

/** An appliance of the host. */
export interface Box {
  name: string;
  ip: string;
  /** On a network with IPv6. */
  ip6?: string;
  mac: string;
}

/** Where a fault is made. */
export interface Place {
  lab: Lab;
  host: Host;
  /** The appliance that it befalls, for a fault of an appliance. */
  box: Box;
}

/** How a fault is made. Shell commands run on the host as root; for a fault of an appliance $NAME, $IP, $IP6 and $MAC are that appliance's. */
export type Deed = string | ((place: Place) => Promise<unknown>);

/** Something that goes wrong on a host in life, made on a lab host by its real means. */
export interface Fault {
  id: string;
  /** What is wrong, as a clause. */
  title: string;
  /** How it happens. */
  life: string;
  /** The resource whose plan tells it and whose update repairs it. */
  where: "boot" | "link" | "network" | "appliance";
  inject: Deed;
  /** Shell: true while the fault is there, by the word of the kernel, systemd or Docker, never of ours. */
  holds: string;
  /** What the preview says, with … for what varies and $NAME, $IP, $IP6, $MAC for what is the appliance's. */
  says: string;
  /** What it says besides, there and elsewhere, since it follows from the fault. */
  also?: string[];
  /** What `up` does, as a sentence without a subject. */
  up: string;
  /** Whether the appliance goes on in the same container or in another one. Left out where it is not touched at all. */
  container?: "same" | "new";
  /** What the next boot makes of it without an `up`. */
  boot: {
    healed: boolean;
    why: string;
    /** What follows from it at that boot, where identities are not those of the specification. */
    lost?: string;
    /** Shell: what somebody has to do on the host before another `up` is possible. */
    first?: string;
  };
}
