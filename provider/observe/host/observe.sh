#!/bin/sh
# managed by pulumi-macvlan
# Reads the state of a host and prints it as frames: a line `== KEY`, then raw JSON or text; `== KEY.failed` has the exit
# code and the last words of a command that failed. Changes nothing, needs nothing but a POSIX shell, is sent over ssh and
# never installed. Environment variables and command lines of containers are not read: they hold secrets.
# Arguments: `IP NIC [VLAN]` for each address to ask the LAN for, NIC as name:ens4, mac:…, path:… or link:lan0; on a VLAN if that is there.
# docker.sh and probe.sh come before it in one text, which is also in $OBSERVE, for the part that needs root.
# A process costs a twentieth of a second on a slow host, Docker's client half a second: hence few of both. Long texts are taken apart by
# awk or by IFS: to cut "$text" at its front (# and ##) dash takes the square of its length.
# shellcheck disable=SC2016,SC2086  # programs of awk and templates of Docker are not for the shell; $ids and such are lists
set -u
export LC_ALL=C PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
net=/sys/class/net
etc=/etc/macvlan
stage3_processes=/sys/fs/cgroup/system.slice/macvlan-appliances.service/cgroup.procs # with cgroup v2: systemd 256 knows no other
newline='
'

has() { command -v "$1" >/dev/null 2>&1; }

# A command that hangs (a stuck dockerd, a dead network file system) must not hang the run.
bounded() {
  if has timeout; then timeout -k 2 15 "$@"; else "$@"; fi
}

frame() { printf '== %s\n%s\n' "$1" "$2"; }

list() { # KEY LINE…
  li_key=$1
  shift
  printf '== %s\n' "$li_key"
  [ $# = 0 ] || printf '%s\n' "$@"
}

# --- what the account may do ---

# Of what `id` prints: uid=1000(ann) gid=1000(ann) groups=1000(ann),27(sudo)
account() { # ID SUDO
  ac_uid=${1%%(*} ac_name=${1#*(} ac_groups='' ac_rest=${1#* groups=}
  ac_rest=${ac_rest%% context=*},
  while [ -n "$ac_rest" ]; do
    ac_group=${ac_rest%%,*}
    ac_group=${ac_group#*(}
    ac_groups="$ac_groups ${ac_group%)}"
    ac_rest=${ac_rest#*,}
  done
  frame account "uid=${ac_uid#uid=}${newline}name=${ac_name%%)*}${newline}groups=${ac_groups# }${newline}sudo=$2"
}

# --- files ---

# The lines of many small files, each in the form of its frame. Arguments: ==FRAME, then FILE or =SUBJECT FILE. What the script itself
# wants to know goes to standard error: =IP of each appliance (of both kinds), `closed LINK.conf` of each link that lets no connections in, and
# the paths of the files that appliances were delivered with.
read_files() {
  awk '
    function show(text) { sub(/^==/, "===", text); print text }
    function word(text, n,   words) { split(text, words, " "); return words[n] }
    function part(path, n,   parts) { split(path, parts, "/"); return parts[n] }
    function base(path) { sub(/^.*\//, "", path); return path }
    function each(line,   at) {
      if (frame == "sysctl") show(substr(path, length("/proc/sys/net/") + 1) "=" line)
      else if (frame == "bonds") show(part(path, 5) " " word(line, 1))
      else if (frame == "nics") { if (line ~ /^E:ID_PATH=/) found = substr(line, 11) }
      else if (frame == "managers") {
        if (line ~ /^NETWORK_FILE=/) show("networkd=" subject ":" substr(line, 14))
        else if (line ~ /^[ \t]*(deny|allow)interfaces[ \t]/) show("dhcpcd=" line)
      }
      else if (frame == "maxstartups") { if (tolower(line) ~ /^[ \t]*maxstartups[ \t]/) show(word(line, 2)) }
      else if (frame == "conf") {
        if (line ~ /^[A-Z][A-Z0-9_]*=/) show(path ":" line)
        if (line ~ /^INBOUND=/) print "closed " base(path) >"/dev/stderr"
        if (line ~ /^IP6?=/) { at = index(line, "="); print "=" substr(line, at + 2, length(line) - at - 2) >"/dev/stderr" }
      }
      else if (frame == "applied") { if (count == 1) show(part(path, 5) " " line) }
      else if (frame == "foreign") { if (count <= 2 && line == "# managed by pulumi-macvlan") found = "our mark" }
      else if (frame == "delivered") { if (line !~ /(^|\/)secrets\.sh$/) print substr(path, 1, length(path) - length("manifest")) line >"/dev/stderr" }
      else show(line)
    }
    BEGIN {
      for (i = 1; i < ARGC; i++) {
        path = ARGV[i]
        if (path ~ /^==/) { frame = substr(path, 3); if (frame != "delivered") print "== " frame }
        else if (path ~ /^=/) subject = substr(path, 2)
        else {
          count = 0; found = ""
          while ((getline line < path) > 0) { count++; each(line) }
          close(path)
          if (frame == "nics") show(subject found)
          else if (frame == "foreign" && count && found == "") show(path)
        }
      }
    }' "$@"
}

# Sets $our to the files that are ours, or in the place of ours, whatever the appliances are; patterns that match nothing stay.
find_our_files() {
  our="/usr/local/libexec/macvlan/* $etc/links/* /etc/udev/rules.d/82-macvlan-*.rules /etc/modules-load.d/macvlan.conf
    /etc/systemd/network/05-macvlan-*.network /etc/NetworkManager/conf.d/50-macvlan-*.conf
    /etc/systemd/system/macvlan-*.service
    /etc/systemd/system/docker.service.d/50-macvlan.conf"
}

small_files() {
  set -- ==os /etc/os-release ==machine /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name ==bonds $net/*/bonding/mode
  set -- "$@" ==sysctl
  for sm in all $devices; do
    set -- "$@" "/proc/sys/net/ipv4/conf/$sm/arp_filter" "/proc/sys/net/ipv4/conf/$sm/arp_ignore" \
      "/proc/sys/net/ipv4/conf/$sm/arp_announce" "/proc/sys/net/ipv4/conf/$sm/rp_filter" "/proc/sys/net/ipv6/conf/$sm/disable_ipv6" "/proc/sys/net/ipv6/conf/$sm/accept_ra"
  done
  set -- "$@" ==nics
  for sm in $nics; do
    sm_wireless=
    if [ -e "$net/$sm/phy80211" ] || [ -d "$net/$sm/wireless" ]; then sm_wireless=wireless; fi
    read -r sm_index <"$net/$sm/ifindex" || continue
    set -- "$@" "=$sm|$sm_wireless|" "/run/udev/data/n$sm_index"
  done
  set -- "$@" ==managers
  for sm in "$net"/*; do
    read -r sm_index <"$sm/ifindex" || continue
    set -- "$@" "=${sm##*/}" "/run/systemd/netif/links/$sm_index"
  done 2>/dev/null
  [ ! -r /etc/dhcpcd.conf ] || set -- "$@" /etc/dhcpcd.conf
  [ ! -r /etc/ssh/sshd_config ] || set -- "$@" ==maxstartups /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config
  read_files "$@" ==conf "$etc"/links/*.conf "$etc"/appliances/*/appliance.conf ==applied "$etc"/appliances/*/applied \
    ==undone /var/lib/macvlan/undone \
    ==foreign $our ==delivered "$etc"/appliances/*/manifest
}

# Digests, modes and owners of our files; of those of an appliance only what was delivered, since containers may add their own.
# Secrets have no digest, which lets one guess, but a mode.
digests() { # DELIVERED
  IFS=$newline
  set -f
  set -- $1
  set +f
  unset IFS
  frame files "$(sha256sum $our "$@" 2>/dev/null)"
  frame modes "$(stat -c '%a %U %n' $our "$@" "$etc"/appliances/*/secrets.sh 2>/dev/null)"
}

# Where network managers take further files from.
folders() {
  set --
  [ ! -d /etc/systemd/network ] || set -- "$@" /etc/systemd/network
  [ ! -d /etc/NetworkManager/conf.d ] || set -- "$@" /etc/NetworkManager/conf.d
  list folders "$@"
}

# --- the kernel's network ---

# Sets $nics, devices of the machine itself, and $devices, these with our links and what those are on.
find_devices() {
  nics=''
  for fd in "$net"/*/device; do
    [ ! -e "$fd" ] || { fd=${fd%/device} && nics="$nics ${fd##*/}"; }
  done
  devices=$nics
  for fd in "$etc"/links/*.conf; do
    fd=${fd##*/}
    fd=${fd%.conf}
    [ -d "$net/$fd" ] || continue
    devices="$devices $fd"
    for fd_lower in "$net/$fd"/lower_*; do
      fd_lower=${fd_lower##*/lower_}
      case " $devices " in *" $fd_lower "*) ;; *) devices="$devices $fd_lower" ;; esac
    done
  done
}

# One process for all tables; each answer is one line.
network() { # SSH_CONNECTION
  ne_client=${1%% *} ne_server=${1#* * }
  ne=$(printf '%s\n' 'link show' 'addr show' 'route show' 'route show table all proto 201' 'neigh show' ${ne_client:+"route get $ne_client"} |
    bounded ip -j -d -force -batch - 2>/dev/null)
  IFS=$newline
  set -f
  set -- $ne
  set +f
  unset IFS
  for ne_key in link addr route routes.ours neigh; do
    case ${1:-} in
      \[*) frame "$ne_key" "$1" ;;
      *) frame "$ne_key.failed" "1${newline}ip -j did not answer" ;;
    esac
    # shellcheck disable=SC2034  # for probe.sh
    neighbours=${1:-}
    [ $# = 0 ] || shift
  done
  [ -n "$ne_client" ] || return 0
  case ${1:-} in *'"dev":"'*) ne=${1#*'"dev":"'} ;; *) ne= ;; esac
  frame connection "client=$ne_client${newline}server=${ne_server%% *}${newline}device=${ne%%'"'*}"
}

# --- systemd ---

systemd() {
  [ -d /run/systemd/system ] || {
    ! has systemd-detect-virt || frame virt "$(systemd-detect-virt)"
    return
  }
  set -- docker.service snap.docker.dockerd.service macvlan-appliances.service k3s.service rke2-server.service rke2-agent.service kubelet.service \
    systemd-networkd.service NetworkManager.service dhcpcd.service networking.service connman.service wicked.service
  for sy in "$etc"/links/*.conf; do
    [ -e "$sy" ] || continue
    sy=${sy##*/}
    sy=${sy%.conf}
    set -- "$@" "macvlan-parent@$sy.service" "macvlan-watch@$sy.service" "macvlan-$sy.device"
  done
  frame manager "$(bounded systemctl show -p Version -p Virtualization)"
  sy=$(bounded systemctl show -p Id -p LoadState -p ActiveState -p SubState -p UnitFileState -p FragmentPath -p DropInPaths \
    -p NeedDaemonReload -p InvocationID -p ActiveEnterTimestamp -p Result "$@")
  frame units "$sy"
  ghosts "$sy"
}

# What dockerd said of networks that it could not restore when it was started; it says that among its first lines.
ghosts() { # UNITS
  gh=${1%%"$newline$newline"*}
  gh=${gh#*InvocationID=}
  gh=${gh%%"$newline"*}
  frame ghosts "$([ -z "$gh" ] || bounded journalctl -q -o cat --no-pager "_SYSTEMD_INVOCATION_ID=$gh" 2>/dev/null |
    awk '/Could not create [a-z]*vlan network/; NR > 5000 { exit }')"
}

network_manager() {
  [ -d /run/NetworkManager ] && has nmcli || return 0
  frame nm "$(bounded nmcli -t -f DEVICE,STATE device 2>/dev/null </dev/null)"
}

tools() {
  set --
  for to in awk cmp docker flock ip journalctl modprobe mktemp nsenter sed sha256sum sort stat sudo systemctl systemd-run tc timeout tsort udevadm xargs; do
    ! has $to || set -- "$@" $to
  done
  list tools "$@"
}

# Whether the kernel has something: FOLDER is there where it is loaded, MODULES are what would be.
module() { # KEY FOLDER MODULE...
  mo_key=$1 mo_folder=$2
  shift 2
  if [ -d "$mo_folder" ] || bounded modprobe -nqa "$@" 2>/dev/null; then frame "$mo_key" yes; else frame "$mo_key" no; fi
}

# What wraps Docker or writes /etc anew.
platforms() {
  set --
  [ ! -e /etc/unraid-version ] || set -- "$@" unraid
  [ ! -e /etc/synoinfo.conf ] || set -- "$@" synology
  [ ! -e /etc/config/qpkg.conf ] || set -- "$@" qnap
  [ ! -d /etc/pve ] || set -- "$@" proxmox
  [ ! -e /proc/sys/fs/binfmt_misc/WSLInterop ] || set -- "$@" wsl
  if [ -e /etc/hassio.json ] || [ -d /mnt/data/supervisor ]; then set -- "$@" haos; fi
  ! has midclt || set -- "$@" truenas-scale
  list platforms "$@"
}

# How many rules there are on each link that is to let no connections in: lines LINK=COUNT.
inbound() { # LINK.conf...
  [ $# != 0 ] || return 0
  list closed
  for in_conf; do
    in_link=${in_conf%.conf}
    printf '%s=' "$in_link"
    printf 'filter show dev %s ingress\nfilter show dev %s egress\n' "$in_link" "$in_link" | bounded tc -batch - 2>/dev/null | grep -c ' handle 0x'
  done
}

# --- all of it ---

host_part() { # SSH_CONNECTION, then what to probe
  find_devices
  find_our_files
  { ho_found=$(small_files 2>&1 >&4); } 4>&1
  ho_here=, ho_files='' ho_closed=''
  while IFS= read -r ho_line; do
    case $ho_line in
      =*) ho_here="$ho_here${ho_line#=}," ;;
      closed\ *) ho_closed="$ho_closed ${ho_line#* }" ;;
      *) ho_files="$ho_files$newline$ho_line" ;;
    esac
  done <<END
$ho_found
END
  network "$1"
  shift
  probe_begin "$ho_here" "$@"
  frame time "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  read -r ho_kernel </proc/sys/kernel/osrelease && frame kernel "$ho_kernel"
  tools
  module macvlan /sys/module/macvlan macvlan
  module ipvlan /sys/module/ipvlan ipvlan
  module vlan /proc/net/vlan 8021q
  systemd
  module inbound /sys/module/act_ct act_ct cls_flower cls_matchall sch_ingress
  inbound $ho_closed
  network_manager
  platforms
  digests "$ho_files"
  folders
  probe_end
}

# What stage 3 is at work on is on its way to what it is to be: seen in between, it would be told as drift. It takes long after a boot, and where
# an appliance does not become ready.
let_it_work() {
  le=0
  while [ $le -lt 60 ] && read -r _ <"$stage3_processes"; do
    sleep 1
    le=$((le + 1))
  done 2>/dev/null
}

# Docker's client is slow: it runs beside the rest, and what it prints is kept until the rest is out.
everything() { # SSH_CONNECTION, then what to probe
  let_it_work
  exec 3>&1
  ev_docker=$({
    docker_part $docker_paths &
    host_part "$@" >&3
    wait
  })
  printf '%s\n' "$ev_docker"
}

# Everything as root if the account may become root, else what the account sees. Docker is asked by the account itself as well: that is how
# Docker's own connection over ssh arrives.
main() {
  id=$(id)
  docker_paths='/version /info /networks /containers/json?all=1'
  connection=${SSH_CONNECTION:-}
  if [ "${1:-}" = --root ]; then
    connection=$2 docker_paths='/info /networks /containers/json?all=1' sudo=root
    shift 2
    everything "$connection" "$@"
    return
  fi
  case $id in
    'uid=0('*) sudo=root ;;
    *)
      sudo=missing
      if has sudo; then
        sudo=password
        if [ -n "${OBSERVE:-}" ] && as_root=$(printf '%s\n' "$OBSERVE" | sudo -n -- sh -s -- --root "$connection" "$@" 2>/dev/null); then
          sudo=ok
          printf '%s\n' "$as_root"
          ! has docker || ask_docker /version
        fi
      fi
      ;;
  esac
  [ $sudo = ok ] || everything "$connection" "$@"
  account "$id" $sudo
  echo '== end'
}

main "$@" </dev/null
