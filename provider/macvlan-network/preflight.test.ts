import { AddressFact, HostFacts, NetworkFact, ZombieFact } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { testRules, withDocker, withInfo, withVersion } from "../observe/fixtures/rule-cases";
import { macvlanNetworkRules, NETWORK_LABEL, NetworkOnLink } from "./preflight";
import { resolveNetwork } from "./resolve";
import type { NetworkSpec } from "./spec";

const bare = fixture("trixie-bare");
const used = fixture("trixie-in-use");
const lan: NetworkSpec = { subnet: "192.168.76.0/24", gateway: "192.168.76.1", hostAddress: "192.168.76.10" };
const of = (spec: Partial<NetworkSpec> = {}, parent = "lan0") => resolveNetwork({ ...lan, ...spec }, parent).network;
const spec = of();
const iot = of({ name: "iot", subnet: "10.1.0.0/24", gateway: "10.1.0.1", hostAddress: undefined });
const beside = of({ name: "iot" }, "lan1");
const at = "ssh.destination: ";

/** The network `lan` of the host in use, changed; other networks stay. */
const withNetwork = (change: Partial<NetworkFact>): HostFacts => ({
  ...used,
  networks: used.networks.map((network) => (network.name === "lan" ? { ...network, ...change } : network)),
});
const ours = { labels: { [NETWORK_LABEL]: "true" } };
const dual = of({ subnet6: "fd00:76::/64" });
const withNetwork6 = (Subnet: string): HostFacts => ({
  ...bare,
  networks: [
    ...bare.networks,
    {
      ...bare.networks[0]!,
      ...{ id: "66".repeat(32), name: "six", driver: "bridge", ipv6: true, options: {}, labels: {} },
      ipam: { Driver: "default", Config: [{ Subnet, AuxiliaryAddresses: {} }] },
    },
  ],
});
const without6: HostFacts = { ...bare, sysctls: new Map([["ipv4/conf/all/arp_filter", "0"]]) };
const managed = withNetwork(ours);
const lanId = used.networks.find(({ name }) => name === "lan")!.id;
const wider = of({ ipRange: "192.168.76.64/27" });
const zombie = (record: Partial<ZombieFact>, facts: HostFacts = bare): HostFacts => ({
  ...facts,
  zombies: [{ id: "66cec5fbff4d".padEnd(64, "0"), ...record }],
});
const addressed = (...list: string[]): HostFacts => ({
  ...bare,
  addresses: new Map([
    [
      "ens4",
      list.map((cidr): AddressFact => {
        const [address = "", prefix] = cidr.split("/");
        return { family: "inet", address, prefix: Number(prefix) };
      }),
    ],
  ]),
});
const withUnit = (name: string, UnitFileState: string): HostFacts => ({
  ...bare,
  units: new Map([
    ...bare.units,
    [name, { loadState: "loaded", activeState: "inactive", fragmentPath: "", properties: { UnitFileState } }],
  ]),
});
const onNic: NetworkOnLink = { ...spec, nic: "ens4" };
const routed = (gateway: string): HostFacts => ({
  ...bare,
  routes: [...bare.routes, { dst: "default", dev: "ens4", gateway }],
});
const linked = (reach: string): HostFacts => ({ ...bare, linkConfs: new Map([["lan0", { REACH: reach }]]) });
const routerSpec: NetworkOnLink = { ...of({ gateway: "192.168.76.10", hostAddress: undefined }), reach: "none" };

testRules<NetworkOnLink>(macvlanNetworkRules, {
  "docker-access": {
    fires: {
      "an account without the group": {
        on: fixture("trixie-docker-stopped"),
        spec,
        says: `${at}the account op may not use Docker, whose connection over ssh knows no sudo; on the host: usermod -aG docker op; then close a shared connection with: ssh -O exit`,
      },
      "Docker that does not run": {
        on: { ...bare, docker: { path: "/usr/bin/docker", refusal: "Cannot connect to the Docker daemon" } },
        spec,
        says: `${at}Docker does not answer: Cannot connect to the Docker daemon; on the host: systemctl start docker; journalctl -u docker has the reason`,
      },
      "Docker that no boot starts": {
        on: {
          ...withUnit("docker.service", "disabled"),
          docker: { path: "/usr/bin/docker", refusal: "docker.service is not running" },
        },
        spec,
        says: `${at}Docker does not answer: docker.service is not running; docker.service is disabled; on the host: systemctl enable --now docker`,
      },
    },
    quiet: {
      root: { on: bare, spec },
      "no Docker, of which another rule speaks": { on: fixture("trixie-no-docker"), spec },
    },
  },
  "docker-version": {
    fires: {
      "Debian 12's own": {
        on: withVersion(bare, "20.10.24+dfsg1", "1.41"),
        spec,
        says: `${at}Docker 20.10.24+dfsg1 (API 1.41) does not keep the MAC of a container; install 25.0.3 or later (Debian 13, or docker.com)`,
      },
      "one that loses MACs": {
        on: withVersion(bare, "25.0.2", "1.44"),
        spec,
        says: `${at}Docker 25.0.2 (API 1.44) does not keep the MAC of a container; install 25.0.3 or later (Debian 13, or docker.com)`,
      },
    },
    quiet: {
      "Debian 13's own": { on: bare, spec },
      "the first that will do": { on: withVersion(bare, "25.0.3", "1.44"), spec },
      "one that wipes what it could not join, which the third stage puts right": {
        on: withVersion(bare, "29.1.2", "1.52"),
        spec,
      },
    },
  },
  "docker-28-0": {
    fires: {
      "28.0.1": {
        on: withVersion(bare, "28.0.1", "1.48"),
        spec,
        says: `${at}Docker 28.0.1 does not start containers while their NIC has no carrier; install 28.0.2 or later`,
      },
    },
    quiet: {
      "28.0.2": { on: withVersion(bare, "28.0.2", "1.48"), spec },
      "27.5.1": { on: withVersion(bare, "27.5.1", "1.47"), spec },
      "no answer": { on: withDocker(bare, { server: undefined }), spec },
    },
  },
  "docker-macvlan": {
    fires: {
      "drivers of something else": {
        on: withInfo(bare, { networkPlugins: ["bridge", "host", "nat"] }),
        spec,
        says: `${at}this Docker has no macvlan driver; install Docker Engine as a system service`,
      },
    },
    quiet: {
      "Docker Engine": { on: bare, spec },
      "not looked at": { on: withInfo(bare, { networkPlugins: [] }), spec },
    },
  },
  "network-name-taken": {
    fires: {
      "a network of somebody's": {
        on: used,
        spec: wider,
        says: "name: the host has another network called lan (macvlan, 192.168.76.0/24 on lan0), which is not managed here; choose another name, or remove it on the host: docker network rm lan",
      },
      "one made with a misspelt parent": {
        on: withNetwork({ options: { parrent: "lan0" }, internal: true }),
        spec,
        says: "name: the host has another network called lan (macvlan, 192.168.76.0/24, made without a parent and so cut off from the LAN), which is not managed here; choose another name, or remove it on the host: docker network rm lan",
      },
      "a ghost of somebody's": {
        on: { ...used, ghosts: [lanId] },
        spec: wider,
        says: "name: the host has another network called lan (macvlan, 192.168.76.0/24 on lan0), which is not managed here; choose another name, or remove it on the host once it is healed, for it is a ghost: its parent lan0 up, systemctl restart docker, docker network rm lan",
      },
    },
    quiet: {
      "no network": { on: bare, spec },
      "one that is just so": { on: used, spec },
      "ours, whatever it is like": { on: managed, spec: wider },
    },
  },
  "network-in-use": {
    fires: {
      "by a container of somebody's": {
        on: managed,
        spec: wider,
        says: "name: the network lan is to be made anew (ipRange: 192.168.76.1/32 instead of 192.168.76.64/27), and there are other containers on it: pinned; take them off it first: docker network disconnect lan pinned",
      },
    },
    quiet: {
      "as it is to be": { on: managed, spec },
      "by appliances alone": {
        on: { ...managed, containers: managed.containers.map((container) => ({ ...container, appliance: "dns" })) },
        spec: wider,
      },
      "by containers that are stopped": {
        on: { ...managed, containers: managed.containers.map((container) => ({ ...container, status: "exited" })) },
        spec: wider,
      },
    },
  },
  "subnet-taken": {
    fires: {
      "by Docker's own bridge": {
        on: bare,
        spec: of({ subnet: "172.17.0.0/24", gateway: "172.17.0.1", hostAddress: undefined }),
        says: 'subnet: 172.17.0.0/24 overlaps with the Docker network bridge (bridge, 172.17.0.0/16); give Docker\'s own bridge other addresses: "bip" in /etc/docker/daemon.json',
      },
      "by a network that is cut off from the LAN": {
        on: withNetwork({ options: {}, internal: true }),
        spec: beside,
        says: "subnet: 192.168.76.0/24 overlaps with the Docker network lan (macvlan, 192.168.76.0/24, made without a parent and so cut off from the LAN); remove it on the host: docker network rm lan",
      },
      "by the IPv6 of another network": {
        on: withNetwork6("FD00:76:0::1/48"),
        spec: dual,
        says: "subnet6: fd00:76::/64 overlaps with the Docker network six (bridge, FD00:76:0::1/48); remove it on the host: docker network rm six",
      },
      "by one that a stack has": {
        on: managed,
        spec: beside,
        says: "subnet: 192.168.76.0/24 overlaps with the Docker network lan (macvlan, 192.168.76.0/24 on lan0); a stack has it: remove it there, in an update of its own",
      },
    },
    quiet: {
      "a free subnet": { on: bare, spec },
      "the network itself": { on: managed, spec: wider },
      "IPv6 of another prefix": { on: withNetwork6("fd00:77::/64"), spec: dual },
    },
  },
  "ipv6-off": {
    fires: {
      "by the kernel's command line": {
        on: without6,
        spec: dual,
        says: "subnet6: the host's kernel has no IPv6; take ipv6.disable=1 out of the kernel's command line and restart the host, or leave subnet6 out",
      },
    },
    quiet: {
      "a host that has it, on no interface": {
        on: { ...without6, sysctls: new Map([...without6.sysctls, ["ipv6/conf/all/disable_ipv6", "1"]]) },
        spec: dual,
      },
      "a network of IPv4 alone": { on: without6, spec },
      "not looked at": { on: { ...bare, sysctls: new Map() }, spec: dual },
    },
  },
  "parent-taken": {
    fires: {
      "by a network of the other driver": {
        on: withVersion(used, "28.5.2", "1.51"),
        spec: { ...iot, driver: "ipvlan" },
        says: "parent: the Docker network lan is on lan0 already, and a device carries macvlans or ipvlans, not both; remove it on the host: docker network rm lan",
      },
      "by another ipvlan network": {
        on: {
          ...withVersion(used, "28.5.2", "1.51"),
          networks: used.networks.map((each) => (each.name === "lan" ? { ...each, driver: "ipvlan" } : each)),
        },
        spec: { ...iot, driver: "ipvlan" },
        says: "parent: the Docker network lan is on lan0 already, and Docker allows one ipvlan network there; remove it on the host: docker network rm lan",
      },
      "by another network": {
        on: used,
        spec: iot,
        says: "parent: the Docker network lan is on lan0 already, and Docker 26.1.5+dfsg1 allows one; remove it on the host: docker network rm lan; or use Docker 27.0.1 or later",
      },
    },
    quiet: {
      "another parent": { on: used, spec: beside },
      "a Docker that shares parents": { on: withVersion(used, "27.0.1", "1.46"), spec: iot },
    },
  },
  "parent-zombie": {
    fires: {
      "of our parent's name": {
        on: zombie({ parent: "lan0" }),
        spec,
        says: "parent: a network that was removed as a ghost (66cec5fbff4d) is still in Docker's store and takes lan0 at each start of Docker 26.1.5+dfsg1; give the link another name: the link, this network and its appliances are made anew with the same MACs and addresses, and nothing else stops; or use Docker 27.0.1 or later",
      },
    },
    quiet: {
      "of the other driver": { on: zombie({ parent: "lan0" }), spec: { ...spec, driver: "ipvlan" } },
      none: { on: bare, spec },
      "of another parent": { on: zombie({ parent: "ens4" }), spec },
      "that cannot be read": { on: zombie({}), spec },
      "a Docker that shares parents": { on: zombie({ parent: "lan0" }, withVersion(bare, "28.5.2", "1.51")), spec },
      "a ghost, which is drift": { on: { ...managed, ghosts: [lanId] }, spec },
    },
  },
  "subnet-of-nic": {
    fires: {
      "another subnet": {
        on: addressed("192.168.67.10/24"),
        spec: onNic,
        says: "subnet: ens4 has the address 192.168.67.10/24, and this network is 192.168.76.0/24; give the subnet of the LAN that the NIC is on, or another NIC",
      },
      "another size": {
        on: addressed("192.168.76.10/23"),
        spec: onNic,
        says: "subnet: ens4 has the address 192.168.76.10/23, and this network is 192.168.76.0/24; give the subnet of the LAN that the NIC is on, or another NIC",
      },
      "by the link that is there": {
        on: { ...used, addresses: addressed("192.168.67.10/24").addresses },
        spec,
        says: "subnet: ens4 has the address 192.168.67.10/24, and this network is 192.168.76.0/24; give the subnet of the LAN that the NIC is on, or another NIC",
      },
    },
    quiet: {
      "the NIC's": { on: bare, spec: onNic },
      "one of several": { on: addressed("10.1.0.5/24", "192.168.76.10/24"), spec: onNic },
      "a NIC without an address": { on: addressed(), spec: onNic },
      "a NIC that gave itself one": { on: addressed("169.254.7.7/16"), spec: onNic },
      "a NIC that is not known": { on: addressed("192.168.67.10/24"), spec },
    },
  },
  "gateway-of-host": {
    fires: {
      "another router of the LAN": {
        on: routed("192.168.76.254"),
        spec,
        says: "gateway: the host itself leaves 192.168.76.0/24 by 192.168.76.254, not by 192.168.76.1; see which is the LAN's router",
      },
    },
    quiet: {
      "the same": { on: routed("192.168.76.1"), spec },
      elsewhere: { on: routed("10.0.2.2"), spec },
      "no way out": { on: bare, spec },
    },
  },
  "gateway-is-host": {
    fires: {
      "without a way to it": {
        on: bare,
        spec: routerSpec,
        says: "gateway: 192.168.76.10 is this host itself, which its appliances do not reach; set reach: pinned on the link",
      },
      "by the link that is there": {
        on: { ...bare, linkConfs: new Map([["lan0", { REACH: "none" }]]) },
        spec: { ...routerSpec, reach: undefined },
        says: "gateway: 192.168.76.10 is this host itself, which its appliances do not reach; set reach: pinned on the link",
      },
      "in a mode that allows no way": {
        on: bare,
        spec: { ...routerSpec, mode: "private" },
        says: "gateway: 192.168.76.10 is this host itself, which its appliances do not reach; set reach: pinned on the link, and mode: bridge",
      },
    },
    quiet: {
      "another router": { on: bare, spec: { ...spec, reach: "none" } },
      "with a way to it": { on: bare, spec: { ...routerSpec, reach: "pinned" } },
      "not known": { on: bare, spec: { ...routerSpec, reach: undefined } },
    },
  },
  "mode-without-reach": {
    fires: {
      "routes of the link that is there": {
        on: linked("pinned"),
        spec: of({ mode: "private" }),
        says: "mode: the link lan0 has reach: pinned, which leads to no container in mode private; set reach: none on the link, or mode: bridge here",
      },
      vepa: {
        on: linked("watch"),
        spec: of({ mode: "vepa" }),
        says: "mode: the link lan0 has reach: watch, which leads to no container in mode vepa unless the switch sends frames back, and then the NIC does too; set reach: none on the link, or mode: bridge here",
      },
    },
    quiet: {
      "mode bridge": { on: linked("pinned"), spec },
      "no routes": { on: linked("none"), spec: of({ mode: "private" }) },
      "no link": { on: bare, spec: of({ mode: "private" }) },
      "what the link is to have counts": { on: linked("pinned"), spec: { ...of({ mode: "private" }), reach: "none" } },
    },
  },
  "host-address-given-out": {
    fires: {
      "in the range": {
        on: bare,
        spec: of({ ipRange: "192.168.76.0/28", hostAddress: undefined }),
        says: "ipRange: Docker would give 192.168.76.10, the host's own address, to a container; hostAddress: 192.168.76.10 keeps it back",
      },
    },
    quiet: {
      "kept back": { on: bare, spec: of({ ipRange: "192.168.76.0/28" }) },
      "kept back by another name": {
        on: bare,
        spec: of({ ipRange: "192.168.76.0/28", hostAddress: undefined, auxAddresses: { gw1: "192.168.76.10" } }),
      },
      "nothing is given out": { on: bare, spec },
    },
  },
});
