#!/bin/sh
# Part of observe.sh: asks the LAN for addresses.
# shellcheck disable=SC2154  # net, nics, neighbours, newline, sudo: observe.sh

# The kernel asks for an address when an entry of its neighbour table is to be used, and a second later once more. Entries that were made
# for this go at the end; one that somebody made for good is left alone. IPv6 addresses come last: `ip` ends its batch at one where the NIC
# has IPv6 switched off, and where it has no address of a link alone to ask from the kernel asks nobody. A container of this host on the same NIC does not answer: the
# kernel keeps a NIC and the macvlans on it apart.
probe_begin() { # IP,IP,… of appliances that are here, then `IP NIC [VLAN]`…
  read -r began _ </proc/uptime
  pb_here=$1 asked='' pb_batch='' pb_nic='' pb_device=''
  shift
  [ "$sudo" = root ] || return 0
  for pb in "$@"; do
    pb_ip=${pb%% *}
    case $pb_here in *",$pb_ip,"*) continue ;; esac
    if [ "$pb_nic" != "${pb#* }" ]; then
      pb_nic=${pb#* }
      pb_device=$(device_of "$pb_nic")
    fi
    [ -n "$pb_device" ] || continue
    # `ip` ends its batch at an entry that is not there to be deleted, whatever -force says
    pb_entry="{\"dst\":\"$pb_ip\",\"dev\":\"$pb_device\","
    case $neighbours in *"$pb_entry"*)
      pb_known=${neighbours#*"$pb_entry"}
      case ${pb_known%%\}*} in *'"PERMANENT"'* | *'"NOARP"'*) continue ;; esac
      pb_batch="${pb_batch}neigh del $pb_ip dev $pb_device$newline"
      ;;
    esac
    asked="$asked $pb_ip,$pb_device"
    pb_batch="${pb_batch}neigh replace $pb_ip dev $pb_device use$newline"
  done
  [ -z "$asked" ] || printf %s "$pb_batch" | bounded ip -batch - 2>/dev/null
}
device_of() { # NIC [VLAN] in one: a device that carries traffic
  case $1 in *' '*)
    [ -r /proc/net/vlan/config ] && de=$(device_of "${1% *}") || return 1
    while IFS='| ' read -r de_name de_id de_nic; do
      [ "$de_id,$de_nic" != "${1#* },$de" ] || break
      de_name=
    done </proc/net/vlan/config
    [ -n "$de_name" ] && device_of "name:$de_name"
    return
    ;;
  esac
  case $1 in
    link:*)
      set -- "$net/${1#link:}"/lower_*
      [ -e "$1" ] || return 1
      de=${1##*/lower_}
      ;;
    name:*) de=${1#name:} ;;
    mac:*)
      for de in $nics ''; do
        [ -n "$de" ] || return 1
        read -r de_mac <"$net/$de/address"
        [ "$de_mac" != "${1#mac:}" ] || break
      done
      ;;
    path:*)
      de=$(grep -lxF "E:ID_PATH=${1#path:}" /run/udev/data/n* 2>/dev/null) || return 1
      de=$(grep -lxF "${de#/run/udev/data/n}" "$net"/*/ifindex) || return 1
      de=${de%/ifindex}
      de=${de##*/}
      ;;
    *) return 1 ;;
  esac
  if [ -d "$net/$de" ]; then
    read -r de_state <"$net/$de/operstate"
    [ "$de_state" = up ] || [ "$de_state" = unknown ] || return 1
  fi
  echo "$de"
}
probe_end() {
  [ -n "$asked" ] || return 0
  read -r pe_now _ </proc/uptime
  pe_left=$((130 - (${pe_now%.*}${pe_now#*.} - ${began%.*}${began#*.})))
  [ $pe_left -le 0 ] || sleep "$((pe_left / 100)).$((pe_left % 100 / 10))"
  pe_said=$newline$(bounded ip neigh show 2>/dev/null) pe_batch='' pe_found=''
  for pe in $asked; do
    pe_entry="$newline${pe%,*} dev ${pe#*,} " pe_mac=
    case $pe_said in *"$pe_entry"*)
      pe_batch="${pe_batch}neigh del ${pe%,*} dev ${pe#*,}$newline"
      pe_line=${pe_said#*"$pe_entry"}
      case $pe_line in lladdr*) pe_mac=${pe_line#lladdr } ;; esac
      ;;
    esac
    pe_found="$pe_found${pe%,*}${pe_mac:+ ${pe_mac%% *}}$newline"
  done
  frame probed "$pe_found"
  [ -z "$pe_batch" ] || printf %s "$pe_batch" | bounded ip -batch - 2>/dev/null
}
