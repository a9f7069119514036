import * as pulumi from "@pulumi/pulumi";
import * as macvlan from "../../provider";

/** What differs from one site to the next; `Pulumi.lab.yaml` holds the values for a lab host. */
interface Site {
  /** Whatever `ssh DESTINATION` understands. */
  destination: string;
  /** The MAC of the NIC that is plugged into the LAN. */
  nicMac: string;
  /** The host's own address on that LAN. */
  hostAddress: string;
  images: { dns: string; web: string };
}

/** One host with two appliances: a DNS server with a file and a secret, and a web server that starts after it. */
export function provision(config: pulumi.Config = new pulumi.Config()): macvlan.ApplianceHost {
  const site = config.requireObject<Site>("site");
  return new macvlan.ApplianceHost("gw1", {
    ssh: { destination: site.destination },
    interface: { nic: { mac: site.nicMac }, reach: macvlan.Reach.Pinned },
    network: {
      subnet: "192.168.76.0/24",
      gateway: "192.168.76.1",
      hostAddress: site.hostAddress,
      dhcpPool: "192.168.76.128-192.168.76.250",
    },
    appliances: {
      dns: {
        ip: "192.168.76.53",
        service: {
          image: site.images.dns,
          volumes: ["./appliance.conf:/etc/dnsmasq.d/appliance.conf:ro"],
        },
        files: { "appliance.conf": "address=/web.home.example/192.168.76.80\n" },
      },
      web: {
        ip: "192.168.76.80",
        service: {
          image: site.images.web,
          environment: { ADMIN_PASSWORD: "${ADMIN_PASSWORD}" },
        },
        secrets: { ADMIN_PASSWORD: config.requireSecret("adminPassword") },
        startAfter: ["dns"],
      },
    },
  });
}
