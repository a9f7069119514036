#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `parent` and `link`: the VLAN sub-interface (802.1Q) of the NIC that a link is put on.
# The kernel has one for each NIC and id, whatever it is called, so it is looked for by these two. One that is there is used, and left as it
# is unless it carries our mark. Ours have names of their own, vlan20_3f9a2c: made from the id and from how the configuration selects the
# NIC, so that they are known before the NIC is, stay when it is renamed, are the same for two links on one VLAN, and are no name with a
# dot, which Docker (`parent=eth0.20`) and ifupdown take for one that they may make and remove.
# shellcheck disable=SC2154  # net, etc, run, alias_mark: lib.sh; name, nic, VLAN, VLAN_NAME, MTU: parent

vlan_on() { # NIC ID: its device, nothing if there is none
  ip -d -o link show type vlan 2>/dev/null | while IFS= read -r vo; do
    vo=${vo%%alias *}
    case $vo in *"@$1: "*" vlan protocol 802.1Q id $2 "*) vo=${vo#*: } && echo "${vo%%@*}" ;; esac
  done
}
marked() { # DEVICE: is ours
  ma=
  { read -r ma <"$net/$1/ifalias"; } 2>/dev/null || :
  [ "$ma" = "$alias_mark" ]
}
# Nobody makes or removes a VLAN beside us, until this process ends.
lock_vlans() {
  exec 7>"$run/vlan.lock"
  flock -w 60 7 || die "another run has had the VLANs for 60 s: try again"
}

find_vlan() { # sets $under, what the link is to be on; empty if that is a VLAN and is not there
  under=$nic
  [ -z "${VLAN:-}" ] || under=$(vlan_on "$nic" "$VLAN")
}
settle_vlan() { # the same, and makes it
  [ -n "${VLAN:-}" ] || return 0
  lock_vlans
  find_vlan
  [ -z "$under" ] || return 0
  if [ -e "$net/$VLAN_NAME" ]; then
    marked "$VLAN_NAME" ||
      die "$name: there is an interface $VLAN_NAME, not ours, which is not VLAN $VLAN of $nic: remove it with: ip link del dev $VLAN_NAME"
    ip link del dev "$VLAN_NAME" || die "$name: $VLAN_NAME is not VLAN $VLAN of $nic, and cannot be removed"
    say "$name: $VLAN_NAME was another VLAN than $VLAN of $nic, removed"
  fi
  ip link add link "$nic" name "$VLAN_NAME" type vlan id "$VLAN" ||
    die "$name: the kernel refused VLAN $VLAN on $nic; does it have the module 8021q (modprobe 8021q)?"
  under=$VLAN_NAME
  ip link set dev "$under" alias "$alias_mark" || die "$name: $under cannot be marked as ours"
  say "$name: VLAN $VLAN of $nic made as $under"
}
# Ours has the MAC of its NIC, answers for no address of the host that is on another LAN, and takes none from the VLAN's router (IPv6).
correct_vlan() {
  if [ "$under" = "$nic" ] || ! marked "$under"; then return; fi
  vlan_faults
  [ -n "$vlan_fault" ] || return 0
  sysctl net/ipv4/conf arp_filter 1 "$under"
  sysctl net/ipv6/conf disable_ipv6 1 "$under"
  read -r cv <"$net/$nic/address"
  attribute_is "$under" address "$cv" || ip link set dev "$under" address "$cv" || die "$name: $under does not take the MAC of $nic, $cv"
  attribute_is "$under" mtu "${MTU:-}" || ip link set dev "$under" mtu "$MTU" || die "$name: $under does not take the MTU $MTU"
}
attribute_is() { # DEVICE ATTRIBUTE VALUE: so it is, or no value is asked for
  [ -n "$3" ] || return 0
  read -r ai <"$net/$1/$2" && [ "$ai" = "$3" ]
}
vlan_faults() { # sets $vlan_fault: what is wrong with a VLAN of ours under the link
  vlan_fault=
  if [ "$under" = "$nic" ] || ! marked "$under"; then return; fi
  read -r vf <"$net/$nic/address"
  attribute_is "$under" address "$vf" || vlan_fault="$under has not the MAC of $nic"
  attribute_is "$under" mtu "${MTU:-}" || vlan_fault="$under has not the MTU $MTU"
  sysctl_is net/ipv4/conf arp_filter 1 "$under" || vlan_fault="arp_filter is off on $under"
  sysctl_is net/ipv6/conf disable_ipv6 1 "$under" || vlan_fault="IPv6 is on on $under"
}

# Removes VLANs of ours that no link is on any more and none asks for. One whose link somebody has deleted may still carry containers, which
# are not to be seen from here.
sweep_vlans() {
  set -- "$net"/vlan[0-9]*_*
  [ -e "$1" ] || return 0
  lock_vlans
  for sw in "$@"; do
    sw=${sw##*/}
    if ! marked "$sw" || is_used "$sw"; then continue; fi
    if ip link del dev "$sw"; then say "$sw: removed, no link is on it any more"; else warn "$sw: cannot be removed"; fi
  done
}
is_used() { # DEVICE
  for iu_up in "$net/$1"/upper_*; do [ ! -e "$iu_up" ] || return 0; done
  grep -qsx "VLAN_NAME='$1'" "$etc"/links/*.conf
}
