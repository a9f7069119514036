#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `appliances`: ghost networks. dockerd lists such a network, but its driver does not know it, because the parent was missing
# when dockerd started. Only a restart of dockerd with the parent there helps (the same in Docker 20.10 to 29.7: moby/libnetwork#2571).
# Never remove a ghost: the driver's record would stay, and take the parent from the network made next (Docker <= 26.1).
# shellcheck disable=SC2154  # etc, net, run: lib.sh

heal_interval=600 # seconds between two restarts of dockerd, at least

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
