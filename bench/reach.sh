#!/bin/sh
# reach.sh NETWORK LINK IP TIMES, run on a lab host: how long until the host reaches a container on NETWORK at IP over LINK. Prints lines
# "run ROUTE ANSWER", for a new container, and "start ROUTE ANSWER", for one that was stopped: microseconds from Docker's event
# `network connect` to the route, and from its event `container start` to the first ping that is answered; below 0 if that was before.
# What finds the two moments runs before the container does, and costs little: `ip monitor`, and a ping that asks each 20 ms.
set -eu
network=$1 link=$2 ip=$3 times=$4
name=reach
work=$(mktemp -d)
trap 'rm -rf "$work"; docker rm -f $name >/dev/null 2>&1' EXIT

fail() {
  echo "$1" >&2
  exit 1
}

unreached() {
  tries=0
  while ip route show dev "$link" | grep -q "^$ip "; do
    tries=$((tries + 1))
    [ $tries -le 200 ] || fail "the route to $ip over $link stays when its container is gone"
    sleep 0.3
  done
  ip neigh flush to "$ip"
}

measure() { # WHAT COMMAND...
  what=$1
  shift
  unreached
  # who looks every few seconds is met anywhere between two looks
  sleep "$(shuf -i 1000-5999 -n 1 | sed 's/...$/.&/')"
  from=$(date +%s)
  timeout 120 ip -ts -4 monitor route | grep -m 1 " $ip dev $link " >"$work/route" &
  timeout 120 ping -n -D -i 0.02 "$ip" 2>/dev/null | grep -m 1 ' bytes from ' >"$work/answer" &
  "$@" >/dev/null
  wait $! || fail "no answer from $ip within two minutes"
  # shellcheck disable=SC2046  # the times of the two events, in this order
  set -- $(docker events --since "$from" --until "$(date +%s.%N)" --filter event=connect --filter event=start --format '{{.TimeNano}}')
  IFS='[]' read -r _ routed _ <"$work/route"
  IFS='[].' read -r _ seconds micros _ <"$work/answer"
  echo "$what $(($(date -d "$routed" +%s%6N) - $1 / 1000)) $((seconds * 1000000 + 1$micros - 1000000 - $2 / 1000))"
}

while [ "$times" -gt 0 ]; do
  measure run docker run -d --name $name --network "$network" --ip "$ip" --no-healthcheck lab/web:1
  docker stop -t 1 $name >/dev/null
  measure start docker start $name
  docker rm -f $name >/dev/null
  times=$((times - 1))
done
