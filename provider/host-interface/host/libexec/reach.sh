#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `link`: the way between the host and the workstation, kept before a change and put back after it. What belongs to the link
# itself is not meant here: others answer to it (udev rules, network managers that read their files again), and may have taken an address,
# a route or an interface away, or put a route in the way.
# shellcheck disable=SC2154  # name: link; net: lib.sh

# The address that the workstation has for this host. sudo drops SSH_CONNECTION, so it is looked for in what this run was started by.
workstation() {
  wo_pid=$$
  while [ "${wo_pid:-0}" -gt 1 ]; do
    wo=$(tr '\0' '\n' <"/proc/$wo_pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([0-9a-fA-F.:]*\) .*/\1/p')
    [ -z "$wo" ] || { echo "$wo" && return; }
    wo_pid=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$wo_pid/status" 2>/dev/null)
  done
}
up_links() {
  for ul in "$net"/*; do
    read -r ul_flags <"$ul/flags" && [ $((ul_flags & 1)) = 1 ] && echo "${ul##*/}"
  done 2>/dev/null
}
addresses() { ip -o addr show scope global | sed "s/^[0-9]*: //; /^$name /d"; }
# As `ip route add` takes them again.
routes_of() { # -4|-6 [SELECTOR...]
  ro_family=$1
  shift
  ip -o "$ro_family" route show "$@" | sed 's/\\//g; s/ linkdown//g; s/ dead//g; s/ expires -\{0,1\}[0-9]*sec//; s/ error -\{0,1\}[0-9]*//; s/[[:space:]]*$//' |
    grep -v " dev $name\( \|\$\)"
}

reach_save() { # DIR
  workstation >"$1/workstation"
  up_links >"$1/up"
  addresses >"$1/addresses"
  routes_of -4 >"$1/routes-4"
  routes_of -6 >"$1/routes-6"
}

reach_restore() { # DIR NIC
  sleep "${MACVLAN_SETTLE:-2}" # network managers work on after they were told
  # a NIC that was down before is so again
  if [ -n "$2" ] && ! grep -qxF "$2" "$1/up"; then ip link set dev "$2" down; fi
  up_links >"$1/up.now"
  grep -vxF -f "$1/up.now" "$1/up" | while read -r rr; do
    if [ "$rr" != "$name" ] && [ -e "$net/$rr" ]; then ip link set dev "$rr" up && warn "$rr: was down, is up again"; fi
  done
  addresses >"$1/addresses.now"
  awk 'NR == FNR { now[$1, $3]; next }
    !(($1, $3) in now) {
      line = "address add " $3 " dev " $1
      for (f = 4; f < NF; f++) if ($f == "brd" || $f == "metric" || $f == "valid_lft" || $f == "preferred_lft") { value = $(f + 1); sub(/sec$/, "", value); line = line " " $f " " value }
      print line
    }' "$1/addresses.now" "$1/addresses" >"$1/batch"
  put_back_by_batch "$1/batch"
  for rr in -4 -6; do
    routes_of $rr >"$1/routes.now"
    grep -vxF -f "$1/routes.now" "$1/routes$rr" >"$1/missing"
    # what leads to a gateway comes before what goes by it
    { grep -v ' via ' "$1/missing"; grep ' via ' "$1/missing"; } | sed 's/^/route add /' >"$1/batch"
    put_back_by_batch "$1/batch" $rr
  done
  read -r rr_to <"$1/workstation" || return 0
  case $rr_to in *:*) rr=-6 ;; *) rr=-4 ;; esac
  routes_of $rr match "$rr_to" | grep -v ' proto kernel' | grep -vxF -f "$1/routes$rr" | while IFS= read -r rr_route; do
    # shellcheck disable=SC2086  # a route is many words
    ip $rr route del $rr_route && warn "the route \"$rr_route\" was in the way to $rr_to and has come with the change: removed"
  done
}
put_back_by_batch() { # FILE [-4|-6]
  [ -s "$1" ] || return 0
  while IFS= read -r pb; do warn "gone with the change, put back: ${pb#* add }"; done <"$1"
  # shellcheck disable=SC2086  # no family is no word
  ip ${2:-} -force -batch "$1" 2>&1 | sed 's/^/ip: /' >&2
}
