import type { Deed } from "./fault";
import { remade } from "./network";

/** Something that goes wrong and that the host puts right without anybody: no preview is needed, and none says anything after. */
export interface Passing {
  id: string;
  title: string;
  life: string;
  inject: Deed;
  /** What puts it right. */
  by: string;
}

/** Something that no `up` can put right: it is refused with the reason, and what runs goes on. */
export interface Refused {
  id: string;
  title: string;
  life: string;
  inject: Deed;
  /** What the preview says, among other things. */
  says: string;
  /** What puts it right. */
  by: string;
}

/** Made, and waited for until the host has put it right: its services look at everything once a minute. */
const withinAMinute =
  (inject: string, holds: string): Deed =>
  ({ host }) =>
    host.shell(`${inject}; for i in $(seq 90); do ${holds} || exit 0; sleep 1; done; exit 1`, { timeout: 120_000 });

const watcher = "the service that keeps the routes, within a minute";

export const passing: Passing[] = [
  {
    id: "route-missing",
    title: "a route to an appliance is gone",
    life: "ip route del, or a network manager that tidies up",
    inject: withinAMinute("ip route del 192.168.76.53 dev lan0", "! ip route show | grep -q '^192.168.76.53 dev lan0'"),
    by: watcher,
  },
  {
    id: "route-elsewhere",
    title: "a route to an appliance goes another way",
    life: "a VPN or a routing daemon brings one of its own",
    inject: withinAMinute(
      "ip route replace 192.168.76.53/32 dev ens4",
      "ip route show | grep -q '^192.168.76.53 dev ens4'",
    ),
    by: watcher,
  },
  {
    id: "route-left",
    title: "a route of ours is left over",
    life: "an appliance that was removed while the link was gone",
    inject: withinAMinute(
      "ip route add 192.168.76.99/32 dev lan0 proto 201 src 192.168.76.11",
      "ip route show | grep -q '^192.168.76.99 dev lan0'",
    ),
    by: watcher,
  },
  {
    id: "dockerd-killed",
    title: "dockerd dies",
    life: "the kernel runs out of memory",
    inject: "systemctl kill -s KILL docker.service",
    by: "systemd starts Docker again, and stage 3 what Docker took for stopped by a person",
  },
  {
    id: "docker-restarted",
    title: "Docker is restarted while lan0 is gone",
    life: "an upgrade of Docker, after something took lan0 away",
    inject: "ip link del lan0; systemctl restart docker.service",
    by: "the link's unit runs before each start of Docker",
  },
  {
    id: "nic-back",
    title: "the NIC goes and comes back",
    life: "a USB or Thunderbolt adapter is pulled out and put in again; all interfaces on it go with it",
    inject: async ({ host }) => {
      await host.machine.unplug();
      await host.machine.plug();
    },
    by: "udev starts the link's unit, which has stage 3 start anew what lost its interface",
  },
];

export const refused: Refused[] = [
  {
    id: "docker-stopped",
    title: "Docker is stopped",
    life: "systemctl stop docker.socket docker",
    inject: "systemctl stop docker.socket docker.service",
    says: "Docker does not answer",
    by: "systemctl start docker, or a boot",
  },
  {
    id: "nic-gone",
    title: "the NIC is gone",
    life: "an adapter is pulled out, or dies",
    inject: ({ host }) => host.machine.unplug(),
    says: "the host has no interface with the MAC 52:54:00:00:02:01",
    by: "putting it back: the rest follows by itself",
  },
  {
    id: "network-other",
    title: "the network was made again by hand, on the NIC itself",
    life: "docker network rm and create, as in a recipe",
    inject: remade("-o parent=ens4"),
    says: "the host has another network called lan (macvlan, 192.168.76.0/24 on ens4), which is not managed here",
    by: "docker network rm lan; the next `up` makes it again and puts the appliances on it",
  },
];
