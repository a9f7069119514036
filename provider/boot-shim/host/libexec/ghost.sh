#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `appliances`: ghost networks. dockerd lists such a network, but its driver does not know it, because the parent was missing
# when dockerd started. Only a restart of dockerd with the parent there helps (the same in Docker 20.10 to 29.7: moby/libnetwork#2571).
# Never remove a ghost: the driver's record would stay, and take the parent from the network made next (Docker <= 26.1).
# shellcheck disable=SC2154  # etc, net, run: lib.sh

heal_interval=600 # seconds between two restarts of dockerd, at least, that nobody has asked for
through_within=600 # seconds until dockerd and stage 3 are through

# The networks that dockerd said it could not restore when it was started last, one id a line. Its journal is the evidence; an id counts
# only if dockerd still has a network with it.
ghost_ids() {
  gh_run=$(timeout 10 systemctl show -p InvocationID --value docker.service)
  [ -n "$gh_run" ] || return 0
  timeout 10 journalctl --sync >/dev/null 2>&1
  gh_ids=$(timeout 30 journalctl -q --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$gh_run" |
    sed -n 's/.*Could not create [a-z]*vlan network for id \([0-9a-f]\{64\}\) from persistent state.*/\1/p' | sort -u)
  [ -n "$gh_ids" ] || return 0
  for gh_id in $(dk network ls -q --no-trunc); do
    case $gh_ids in *"$gh_id"*) echo "$gh_id" ;; esac
  done
}

# True if dockerd is being restarted now (`hold` is that of the script which sources this).
# $he_missing: the parents without which some of them cannot be healed yet. The restart stops this service and starts it again (PartOf=).
heal() { # ID...
  he_all='' he_missing=''
  for he_id in "$@"; do
    he=$(dk network inspect -f '{{.Name}} {{index .Options "parent"}}' "$he_id") || continue
    he_parent=${he##* }
    # A restart of dockerd stops every container of the host: only a network of ours is a reason for one.
    if [ ! -f "$etc/links/$he_parent.conf" ]; then
      warn "network ${he% *} is a ghost, and not ours: with its parent $he_parent there, systemctl restart docker heals it; never remove it before"
    elif [ ! -e "$net/$he_parent" ]; then
      log 3 "network ${he% *} is a ghost, and its parent $he_parent is missing: healed as soon as the parent is there"
      he_missing="$he_missing $he_parent"
    else he_all="$he_all ${he% *}"; fi
  done
  [ -n "$he_all" ] || return 1
  he_now=$(uptime_s) he_last=$(cat "$run/healed" 2>/dev/null) || he_last=-$heal_interval
  if [ $((he_now - he_last)) -lt $heal_interval ]; then
    log 3 "ghost network$he_all again, $((he_now - he_last)) s after dockerd was restarted for it: not restarting it again; see: journalctl -u docker -u 'macvlan-*'"
    return 1
  fi
  echo "$he_now" >"$run/healed"
  warn "ghost network$he_all: dockerd came up before the parent; restarting dockerd once"
  hold
  trap '' TERM # the restart ends this run, which is about to end anyway
  timeout 20 systemctl --no-block restart docker.service
  return 0 # the restart may have ended systemctl before it could say so
}

# Docker is up, stage 3 has done what it has to do, and nothing of either is about to start or stop.
through() {
  case $(timeout 10 systemctl show -p ActiveState -p Job docker.service macvlan-appliances.service) in
    *Job=[1-9]* | *=activating* | *=deactivating* | *=reloading*) return 1 ;;
  esac
  timeout 10 systemctl -q is-active docker.service
}
# Stopped by a person, or failed: on its way neither down nor up.
docker_rests() {
  case $(timeout 10 systemctl show -p ActiveState -p Job docker.service) in
    *Job=[1-9]*) return 1 ;;
    *=inactive* | *=failed*) ;;
    *) return 1 ;;
  esac
}
await_through() {
  at_from=$(uptime_s) at_said=$at_from
  until through; do
    at=$(uptime_s)
    [ $((at - at_from)) -lt $through_within ] ||
      die "Docker and its appliances are not back after $through_within s: journalctl -u docker -u macvlan-appliances"
    if [ $((at - at_said)) -ge 15 ]; then
      at_said=$at
      say "waiting for Docker and its appliances ($((at - at_from)) s)"
    fi
    sleep 1
  done
}
ghosts_on() { # LINK: ids
  for go in $(ghost_ids); do
    [ "$(dk network inspect -f '{{index .Options "parent"}}' "$go")" != "$1" ] || echo "$go"
  done
}

# What a person's order to repair LINK includes: dockerd knows its networks on it. Returns when stage 3 is through.
heal_link() { # LINK
  ! docker_rests || return 0
  await_through # stage 3 may be at it, and dockerd down for a restart
  lock appliances
  hl_ids=$(ghosts_on "$1")
  [ -n "$hl_ids" ] || return 0
  # shellcheck disable=SC2086
  hl_names=$(dk network inspect -f '{{.Name}}' $hl_ids | tr '\n' ' ')
  warn "network ${hl_names}is a ghost; a restart of dockerd, which heals it, stops every container of this host for a moment: $(dk ps --format '{{.Names}}' | tr '\n' ' ')"
  rm -f "$run/healed"
  # shellcheck disable=SC2086
  heal $hl_ids || die "$1: dockerd could not be restarted for network $hl_names"
  exec 9>&- # stage 3 needs the lock
  await_through
  [ -n "$(ghosts_on "$1")" ] || { say "network ${hl_names}is whole again" && return; }
  hl_version=$(dk version -f '{{.Server.Version}}')
  log 3 "network ${hl_names}is a ghost again, although $1 was there when dockerd ${hl_version} started."
  # One record of a parent at a time: moby 528ffa9cae (27.0.1) lets them share it.
  if [ "${hl_version%%.*}" -lt 27 ]; then
    die "Most likely a network on $1 was once removed while it was a ghost: Docker before 27.0.1 keeps its record, which takes $1 at each start. The cure that costs least is Docker 27.0.1 or newer; without it, give the link another name, which makes the network anew on that. Remove no network by hand: that leaves one more such record"
  fi
  die "See why: journalctl -u docker -g vlan"
}
