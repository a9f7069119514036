import type { Fault } from "./fault";

const anew = "takes the appliances down, makes the network again and brings them back";
/** Shell: the network gives way to another one of its name. */
export const remade = (options: string) =>
  `options="${LIKE_OURS}"; ${AWAY}; docker network create -d macvlan ${options} $options lan`;
const AWAY =
  "for c in $(docker ps -aq --filter network=lan); do docker network disconnect -f lan $c; done; docker network rm lan";
const LIKE_OURS =
  "--subnet 192.168.76.0/24 --gateway 192.168.76.1 --ip-range $(docker network inspect -f '{{(index .IPAM.Config 0).IPRange}}' lan) " +
  "$(docker network inspect -f '{{range $k, $v := (index .IPAM.Config 0).AuxiliaryAddresses}}--aux-address {{$k}}={{$v}} {{end}}' lan)";

/** Faults of the Docker network. */
export const networkFaults: Fault[] = [
  {
    id: "network-pruned",
    title: "the network is gone",
    life: "docker network prune, while the appliances are stopped",
    where: "network",
    inject: "docker stop $(docker ps -q --filter network=lan) && docker network prune -f",
    holds: "! docker network inspect lan >/dev/null 2>&1",
    says: "network lan is missing on this host",
    also: ["container … is stopped"],
    up: anew,
    boot: { healed: false, why: "nothing on the host makes networks", lost: "no appliance is on the LAN" },
  },
  {
    id: "network-remade",
    title: "the network was made again by hand, with the same options",
    life: "docker network rm and create",
    where: "network",
    inject: remade("-o parent=lan0 -o macvlan_mode=bridge"),
    holds:
      "[ \"$(docker inspect -f '{{json .NetworkSettings.Networks}}' dns)\" = '{}' ] && docker network inspect lan >/dev/null",
    says: "import-replacement, replace, delete-replaced",
    also: ["container … has lost its networks"],
    up: "takes over the network that is there, and makes the appliances again on it",
    boot: { healed: true, why: "stage 3 sees that the containers are not on the network and has them made again" },
  },
];
