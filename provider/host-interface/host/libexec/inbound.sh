#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `parent`: whether what is behind the link may open connections to the host. The kernel's traffic control on the link itself keeps
# it from that (INBOUND=no): firewalls that are reloaded leave it alone, it goes with the link, and all that it takes is a netlink socket.
# shellcheck disable=SC2154  # name: parent; run, net, route_proto: lib.sh

# What the host sends over the link is remembered, in a zone of its own. Of what comes in, answers to that are let through, and the questions
# and answers of IPv6's neighbours; ARP is neither of IP nor of IPv6. What is let through is forgotten again, for the host's own firewall.
inbound_rules() {
  cat <<END
egress protocol ip pref 1 flower action ct commit zone $route_proto
egress protocol ipv6 pref 2 flower action ct commit zone $route_proto
ingress chain 1 protocol ip pref 1 flower ct_state +trk+est action ct clear pipe action ok
ingress chain 1 protocol ip pref 2 flower ct_state +trk+rel action ct clear pipe action ok
ingress chain 1 protocol ipv6 pref 3 flower ct_state +trk+est action ct clear pipe action ok
ingress chain 1 protocol ipv6 pref 4 flower ct_state +trk+rel action ct clear pipe action ok
ingress chain 1 protocol all pref 5 matchall action drop
ingress protocol ipv6 pref 1 flower ip_proto icmpv6 type 135 action ok
ingress protocol ipv6 pref 2 flower ip_proto icmpv6 type 136 action ok
ingress protocol ip pref 3 flower action ct zone $route_proto pipe action goto chain 1
ingress protocol ipv6 pref 4 flower action ct zone $route_proto pipe action goto chain 1
END
}
INBOUND_RULES=11
inbound_in_place() {
  if [ "${INBOUND:-}" != no ]; then
    [ ! -e "$run/inbound-$name" ]
    return
  fi
  ip_count=$(printf 'filter show dev %s ingress\nfilter show dev %s egress\n' "$name" "$name" | timeout 10 tc -batch - 2>/dev/null | grep -c ' handle 0x')
  [ "$ip_count" = $INBOUND_RULES ]
}
# Before the link is up, so that there is no moment at which it is open.
correct_inbound() {
  ! inbound_in_place || return 0
  timeout 10 tc qdisc del dev "$name" clsact 2>/dev/null
  rm -f "$run/inbound-$name"
  [ "${INBOUND:-}" = no ] || { say "$name: connections to the host are let in" && return; }
  : >"$run/inbound-$name"
  { echo "qdisc add dev $name clsact" && inbound_rules | sed "s/^/filter add dev $name /"; } | timeout 10 tc -batch - >&2 ||
    die "$name: the kernel takes no rule that keeps connections out: it has to have the modules act_ct, cls_flower, cls_matchall and sch_ingress"
  say "$name: no connections to the host are let in"
}
