#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `parent`: which NIC is meant, and whether the link can be put on it.
# shellcheck disable=SC2154  # name, driver, wait, udev, netif, NIC_NAME, NIC_MAC, NIC_PATH, VLAN, end: parent; under: vlan.sh; net: lib.sh

id_path() { udevadm info -q property -p "$net/$1" 2>/dev/null | sed -n 's/^ID_PATH=//p'; }
physical() { for ph in "$net"/*/device; do [ ! -e "$ph" ] || { ph=${ph%/device} && echo "${ph##*/}"; }; done; }
real_name() { # ALTNAME
  rn=$(ip -o link show dev "$1" 2>/dev/null) || return 0
  rn=${rn#*: }
  rn=${rn%%:*}
  echo "${rn%%@*}"
}
# Lines "NAME PERMANENT_MAC" of all devices. iproute2 prints permaddr only where it differs from the address in use.
all_macs() {
  ip -o link show | awk '{
    name = $2; sub(/[@:].*/, "", name); mac = "-"
    for (f = 3; f < NF && $f != "alias"; f++) if ($f == "link/ether" || $f == "permaddr") mac = $(f + 1)
    print name, mac
  }'
}

# Before udev is done with a device it may still be renamed, which fails once it is up. Since systemd 252 udev writes down what it knows of
# a device before it renames it, with ID_RENAMING, which goes when the rename has come back to it as an event.
settled() { # DEVICE: sets $index
  { read -r index <"$net/$1/ifindex"; } 2>/dev/null || return 1 # nothing is said of one that is just renamed
  [ -e "$udev/control" ] || return 0
  [ -e "$udev/data/n$index" ] && ! grep -q '^E:ID_RENAMING=1' "$udev/data/n$index" && is_still "$1"
}
is_still() { # DEVICE: the one of $index has this name, and is there
  { read -r is_index <"$net/$1/ifindex"; } 2>/dev/null && [ "$is_index" = "$index" ]
}

candidates() {
  if [ -n "${NIC_NAME:-}" ]; then
    if [ -e "$net/$NIC_NAME" ]; then echo "$NIC_NAME"; else real_name "$NIC_NAME"; fi
  elif [ -n "${NIC_MAC:-}" ]; then
    all_macs | while read -r ca ca_mac; do
      [ "$ca_mac" != "$NIC_MAC" ] || [ ! -e "$net/$ca/device" ] || echo "$ca"
    done
  else
    for ca in $(physical); do [ "$(id_path "$ca")" != "${NIC_PATH:?}" ] || echo "$ca"; done
  fi
}
wanted() { echo "${NIC_NAME:+named $NIC_NAME}${NIC_MAC:+with MAC $NIC_MAC}${NIC_PATH:+at path $NIC_PATH}"; }
find_nic() { # sets $nic and $index
  fn_end=$(($(uptime_s) + wait)) fn_waited=
  [ "$wait" = 0 ] || fn_waited=" after $wait s"
  nic='' fn_seen='' fn_n=0
  while :; do
    # Asking every NIC costs processes, on a host that is busy booting: at once when one has come, else every 2 s, since an altname
    # or a path becomes known later.
    set -- "$net"/*
    fn_n=$(((fn_n + 1) % 4))
    if [ "$*" != "$fn_seen" ] || [ -n "$nic" ] || [ $fn_n = 0 ]; then
      fn_seen=$*
      nic=$(candidates)
      fn_ready=$nic
      for fn_i in $nic; do settled "$fn_i" || fn_ready=; done
      [ -z "$fn_ready" ] || break
    fi
    if [ "$(uptime_s)" -ge "$fn_end" ]; then
      [ -z "$nic" ] || die "$name: udev is not done with $(echo "$nic" | tr '\n' ' ')$fn_waited: see udevadm monitor"
      die "$name: no NIC $(wanted)$fn_waited; there are: $(all_macs | while read -r fn_i fn_mac; do [ ! -e "$net/$fn_i/device" ] || printf '%s (%s) ' "$fn_i" "$fn_mac"; done)"
    fi
    sleep 0.5
  done
  case $nic in *"
"*) die "$name: several NICs $(wanted): $(echo "$nic" | tr '\n' ' '): choose one by name or by path" ;; esac
}

# The file by which systemd-networkd is to make the NIC a member of a bond or a bridge; nothing if it is not.
membership() {
  me=$(sed -n 's/^NETWORK_FILE=//p' "$netif/links/$index" 2>/dev/null)
  [ -z "$me" ] || grep -lsE '^[[:space:]]*(Bond|Bridge)[[:space:]]*=[[:space:]]*[^[:space:]]' "$me" "$me".d/*.conf | head -n 1
}
is_member() { [ -e "$net/$nic/master" ] || [ -e "$net/$nic/brport" ]; }
# The kernel makes no member of a NIC that carries a macvlan, which would leave the host without its bond, and off the network. At boot networkd
# comes to that some time after udev is done with the NIC. The unit comes after the other network managers, which take it all in one go.
let_networkd_first() {
  [ "$wait" != 0 ] && ! is_member && timeout 10 systemctl -q is-active systemd-networkd.service || return 0
  until [ "$(uptime_s)" -ge "$end" ] || ! is_still "$nic"; do
    case $(sed -n 's/^ADMIN_STATE=//p' "$netif/links/$index" 2>/dev/null) in
      '' | pending | initialized) ;;
      *) if [ -z "$(membership)" ] || is_member; then return 0; fi ;;
    esac
    sleep 0.5
  done
}

check_nic() {
  cn=$(membership)
  [ -z "$cn" ] || cn="systemd-networkd is to make it a member of a bond or a bridge ($cn): use that as the NIC, by name"
  [ "$driver" = ipvlan ] || { [ ! -e "$net/$nic/phy80211" ] && [ ! -d "$net/$nic/wireless" ]; } ||
    cn="it is Wi-Fi, whose access point lets no second MAC through: use a wired NIC, or the driver ipvlan"
  read -r cn_type <"$net/$nic/type"
  [ "$cn_type" = 1 ] || cn="it is not Ethernet"
  [ "$nic" != "$name" ] || cn="it is the link itself"
  if [ -e "$net/$nic/brport" ]; then
    cn="it is a port of the bridge $(basename "$(readlink -f "$net/$nic/brport/bridge")"): use the bridge as the NIC, by name"
  elif [ -e "$net/$nic/master" ] && [ -d "$net/$nic/master/bonding" ]; then
    cn="it is a member of the bond $(basename "$(readlink -f "$net/$nic/master")"): use the bond as the NIC, by name"
  else
    cn_is=$(detail "$nic")
    if mode_of "$cn_is" >/dev/null; then cn="it is itself a macvlan or an ipvlan, on $(lower "$nic"): use that as the NIC"; fi
    case ${VLAN:+$cn_is} in *" vlan protocol "*) cn="it is itself a VLAN: take $(lower "$nic") as the NIC, or leave the VLAN $VLAN out" ;; esac
  fi
  # tagged frames go to their VLAN before anything else on the NIC sees them
  for cn_up in "$net/${under:-none yet}"/upper_*; do
    [ -e "$cn_up" ] || continue
    cn_up=${cn_up##*/upper_}
    [ "$cn_up" != "$name" ] || continue # made again if it is of the other kind
    case $driver$(detail "$cn_up") in
      macvlan*" ipvlan "* | macvlan*" ipvtap "*) cn="$under carries the ipvlan $cn_up, and the kernel allows macvlan or ipvlan on a device, not both: remove $cn_up" ;;
      *" mode passthru "*) cn="$cn_up has $under for itself (passthru): remove $cn_up" ;;
      ipvlan*" macvlan "* | ipvlan*" macvtap "*) cn="$under carries the macvlan $cn_up, and the kernel allows macvlan or ipvlan on a device, not both: remove $cn_up" ;;
      ipvlan*" ipvlan "*"mode l2 bridge "*) ;;
      ipvlan*" ipvlan "*) cn="$cn_up has set the ipvlans of $under to another mode than l2 bridge: remove it, or set it to that" ;;
    esac
  done
  [ -z "$cn" ] || die "$name: cannot be put on $nic: $cn"
}
