#!/bin/sh
# polling-router.sh NETWORK ADDRESS [ROUTE...]: what macvlan-router is described to do, in a few lines of our own, for the lab's tests and the
# benchmarks. A link beside the Docker network NETWORK, called as that is, with ADDRESS; every five seconds a route over it to each container on
# the network and to each ROUTE, and none to what is gone.
set -u
network=$1 address=$2
shift 2

if [ ! -e "/sys/class/net/$network" ]; then
  parent=$(docker network inspect -f '{{.Options.parent}}' "$network") || exit 1
  ip link add "$network" link "$parent" type macvlan mode bridge || exit 1
fi
ip addr replace "$address" dev "$network"
ip link set "$network" up

while :; do
  wanted=" $* "
  for ip in $(docker network inspect -f '{{range .Containers}}{{println .IPv4Address}}{{end}}' "$network"); do
    wanted="$wanted${ip%/*} "
  done
  # that to the subnet, which comes with ADDRESS, is the kernel's
  there=" $(ip route show dev "$network" proto boot | cut -d ' ' -f 1 | tr '\n' ' ')"
  for ip in $wanted; do
    case $there in *" $ip "*) ;; *) ip route add "$ip" dev "$network" ;; esac
  done
  for ip in $there; do
    case $wanted in *" $ip "*) ;; *) ip route del "$ip" dev "$network" ;; esac
  done
  sleep 5
done
