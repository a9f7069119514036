import type { LanMethods, Tagged } from "./methods";
import { call } from "./rpc";

type Answer<K extends keyof LanMethods> = Promise<Awaited<ReturnType<LanMethods[K]>>>;

/** The lab's LAN, from any process: every method runs in the switch. Times in milliseconds. */
export class Lan {
  constructor(private readonly socket: string) {}

  /**
   * Asks by ARP who has each address, every 500 ms for `ms`; per address every MAC that answered, from which port, how often.
   * `on` asks with the tag of a VLAN, and hears what comes back with it.
   */
  probe(ips: string[], ms = 1600, on?: Tagged): Answer<"probe"> {
    return this.call("probe", ips, ms, on);
  }

  /** {@link probe} of IPv6 addresses, by neighbour discovery. */
  probe6(ips: string[], ms = 1600, on?: Tagged): Answer<"probe6"> {
    return this.call("probe6", ips, ms, on);
  }

  /** {@link probe} for one address. */
  async answers(ip: string, ms = 1600): Promise<Awaited<Answer<"probe">>[string]> {
    return (await this.probe([ip], ms))[ip] ?? [];
  }

  /** Every ARP packet that crosses the switch in the next `ms`. */
  arps(ms: number): Answer<"arps"> {
    return this.call("arps", ms);
  }

  /** Pings an address from the LAN (192.168.76.254); the MAC that answered. @throws when none does in time */
  ping(ip: string, ms = 3000, on?: Tagged): Answer<"ping"> {
    return this.call("ping", ip, ms, on);
  }

  /** {@link ping} of an IPv6 address, from fd00:76::fe. @throws when none answers in time */
  ping6(ip: string, ms = 3000, on?: Tagged): Answer<"ping6"> {
    return this.call("ping6", ip, ms, on);
  }

  /** A router on the LAN announces itself once, and a prefix, such as fd00:76:: with 64, of which everybody may take an address. */
  advertise(prefix: string, length = 64, on?: Tagged): Answer<"advertise"> {
    return this.call("advertise", prefix, length, on);
  }

  /** HTTP GET from the LAN: the answer and the MAC that it came from. @throws when there is none in time */
  http(ip: string, port = 80, path = "/", ms = 10_000, on?: Tagged): Answer<"http"> {
    return this.call("http", ip, port, path, ms, on);
  }

  /** Asks the DNS server at `ip` from the LAN. @throws when there is no answer in time */
  dns(ip: string, name: string, ms = 5000): Answer<"dns"> {
    return this.call("dns", ip, name, ms);
  }

  /** A stranger joins the LAN with this address and MAC, announces itself and answers: a duplicate address, for example. */
  impersonate(ip: string, mac: string): Answer<"impersonate"> {
    return this.call("impersonate", ip, mac);
  }

  /** All strangers leave. */
  dismiss(): Answer<"dismiss"> {
    return this.call("dismiss");
  }

  /** Opens or closes the switch port of a host (`lab1`); the host's own end keeps its carrier. */
  setPort(port: string, up: boolean): Answer<"setPort"> {
    return this.call("setPort", port, up);
  }

  /** Port security: frames from further MACs are dropped. null lifts it. */
  limitMacs(port: string, limit: number | null): Answer<"limitMacs"> {
    return this.call("limitMacs", port, limit);
  }

  /** What the switch knows of each port: open or not, frames, source MACs. */
  ports(): Answer<"ports"> {
    return this.call("ports");
  }

  private call<K extends keyof LanMethods>(method: K, ...args: Parameters<LanMethods[K]>): Answer<K> {
    return call(this.socket, method, args) as Answer<K>;
  }
}
