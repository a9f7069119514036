/**
 * An `ip` for kernels without 802.1Q and ipvlan, and the part of /sys that belongs to it (MACVLAN_SYS): NICs, VLANs, macvlans and ipvlans, with
 * what the kernel does when one goes. POSIX sh.
 */
export const fakeIp = `net=$MACVLAN_ROOT/sys/class/net
device() { # NAME MAC
  mkdir "$net/$1"; echo 0x1002 >"$net/$1/flags"; echo 1 >"$net/$1/type"; echo "$2" >"$net/$1/address"; : >"$net/$1/ifalias"; : >"$net/$1/uevent"
  echo 1500 >"$net/$1/mtu"; echo "$(ls "$net" | wc -l)" >"$net/$1/ifindex"; : >"$net/$1/detail"
}
lower() { for l in "$net/$1"/lower_*; do [ ! -e "$l" ] || echo "\${l##*/lower_}"; done; }
on() { # UPPER LOWER
  mkdir "$net/$1/lower_$2" "$net/$2/upper_$1"; cat "$net/$2/mtu" >"$net/$1/mtu"
}
gone() {
  for u in "$net/$1"/upper_*; do [ ! -e "$u" ] || (gone "\${u##*/upper_}"); done
  for l in "$net"/*/upper_"$1"; do [ ! -e "$l" ] || rmdir "$l"; done
  rm -r "\${net:?}/$1"
}
rival() { # LOWER KIND: a device carries one kind, also for what is in another network namespace (a file run/eth0-KIND)
  [ ! -e "$MACVLAN_ROOT/run/eth0-\${2% }" ] || { echo "RTNETLINK answers: Device or resource busy" >&2; exit 2; }
  for u in "$net/$1"/upper_*; do [ ! -e "$u" ] || ! grep -q "^$2" "$net/\${u##*/upper_}/detail" || { echo "RTNETLINK answers: Device or resource busy" >&2; exit 2; }; done
}
up() { [ $(($(cat "$net/$1/flags") & 1)) = 1 ]; }
show() { # NAME
  [ -e "$net/$1" ] || { echo "Device \\"$1\\" does not exist." >&2; return 1; }
  s=$(lower "$1")
  echo "7: $1\${s:+@$s}: <BROADCAST> mtu 1500\\\\    link/ether $(cat "$net/$1/address") brd ff:ff:ff:ff:ff:ff $(cat "$net/$1/detail")addrgenmode eui64 \\\\    alias $(cat "$net/$1/ifalias")"
}
case "$*" in
  "nic "*) device "$2" "$3" ;;
  "link add link "*" type vlan id "*)
    for d in "$net"/*/detail; do d=\${d%/detail}; ! grep -q "vlan protocol 802.1Q id \${10} " "$d/detail" || [ "$(lower "\${d##*/}")" != "$4" ] || { echo "RTNETLINK answers: File exists" >&2; exit 2; }; done
    device "$6" "$(cat "$net/$4/address")"; on "$6" "$4"; echo DEVTYPE=vlan >"$net/$6/uevent"; printf '%s' "vlan protocol 802.1Q id \${10} <REORDER_HDR> " >"$net/$6/detail" ;;
  "link add link "*" type ipvlan mode "*)
    rival "$4" "macvlan "
    device "$6" "$(cat "$net/$4/address")"; on "$6" "$4"; echo DEVTYPE=ipvlan >"$net/$6/uevent"; printf '%s' "ipvlan  mode \${10} \${11} " >"$net/$6/detail" ;;
  "link add link "*" type macvlan mode "*)
    rival "$4" "ipvlan "
    device "$6" "$8"; on "$6" "$4"; echo DEVTYPE=macvlan >"$net/$6/uevent"; printf '%s' "macvlan mode \${12} bcqueuelen 1000 " >"$net/$6/detail" ;;
  "link set dev "*" up")
    for l in $(lower "$4"); do up "$l" || { echo "RTNETLINK answers: Network is down" >&2; exit 2; }; done
    for l in $(lower "$4"); do [ "$(cat "$net/$l/address")" != "$(cat "$net/$4/address")" ] || grep -q "^ipvlan\\|^vlan" "$net/$4/detail" || { echo "RTNETLINK answers: Address already in use" >&2; exit 2; }; done
    echo 0x1003 >"$net/$4/flags" ;;
  "link set dev "*" down") echo 0x1002 >"$net/$4/flags" ;;
  "link set dev "*" alias "*) echo "$6" >"$net/$4/ifalias" ;;
  "link set dev "*" address "*) ! grep -q ^ipvlan "$net/$4/detail" || { echo "RTNETLINK answers: Operation not supported" >&2; exit 2; }; echo "$6" >"$net/$4/address" ;;
  "link set dev "*" mtu "*)
    for l in $(lower "$4"); do [ "$(cat "$net/$l/mtu")" -ge "$6" ] || { echo "Error: mtu greater than device maximum." >&2; exit 2; }; done
    echo "$6" >"$net/$4/mtu"
    for u in "$net/$4"/upper_*; do [ ! -e "$u" ] || [ "$(cat "$net/\${u##*/upper_}/mtu")" -le "$6" ] || echo "$6" >"$net/\${u##*/upper_}/mtu"; done ;;
  "link del dev "*) gone "$4" ;;
  "-d -o link show dev "*) show "$6" ;;
  "-o link show dev "*) show "$5" ;;
  "-d -o link show type vlan") for d in "$net"/*/detail; do ! grep -q ^vlan "$d" || { d=\${d%/detail}; show "\${d##*/}"; }; done ;;
  "-o link show") for d in "$net"/*; do show "\${d##*/}"; done ;;
  *addr\\ show* | *route\\ show*) ;;
  *) echo "ip $*: not known here" >&2; exit 1 ;;
esac`;
