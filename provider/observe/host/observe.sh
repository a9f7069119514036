#!/bin/sh
# managed by pulumi-macvlan
# Reads the state of a host and prints it as frames: a line `== KEY`, then raw JSON or text; `== KEY.failed` has the exit
# code and the last words of a command that failed. Changes nothing, needs nothing but a POSIX shell, is sent over ssh and
# never installed. Environment variables and command lines of containers are not read: they hold secrets.
# Arguments: `IP NIC [VLAN]` for each address to ask the LAN for, NIC as name:ens4, mac:…, path:… or link:lan0; on a VLAN if that is there.
# $OBSERVE: this text, for the part that needs root.
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

# --- the LAN ---

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

# --- Docker ---

# .ID, not .Id: Docker's typed form of a container; in its raw form, the second choice, an absent Health is an error.
CONTAINER='{"id":{{json .ID}},"name":{{json .Name}},"status":{{json .State.Status}},"error":{{json .State.Error}},"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},"pid":{{json .State.Pid}},"startedAt":{{json .State.StartedAt}},"networkMode":{{json .HostConfig.NetworkMode}},"imageId":{{json .Image}},"image":{{json .Config.Image}},"appliance":{{json (index .Config.Labels "pulumi-macvlan.appliance")}},"project":{{json (index .Config.Labels "com.docker.compose.project")}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"restart":{{json .HostConfig.RestartPolicy.Name}},"networks":{{json .NetworkSettings.Networks}}}'

# Asks dockerd the way that Docker's own connection over ssh does, several things at once: each other command of the client is a slow
# start, and `docker info` runs every plugin as well. The last request is of HTTP 1.0: dockerd hangs up after it. Standard input is the
# pipe opened for both directions, so that it does not end before: dockerd gives up what a client that hung up has asked for.
# Prints frames; what the script itself wants to know goes to standard error: ids of the containers, whose list has command lines and is
# not passed on, of the networks, of those on the LAN, and the folder of it all.
ask_docker() { # PATH… of /version, /info, /networks, /containers/json
  ad='' ad_http=1.1 ad_n=0
  for ad_path in "$@"; do
    ad_n=$((ad_n + 1))
    [ $ad_n -lt $# ] || ad_http=1.0
    ad="${ad}GET $ad_path HTTP/$ad_http\\r\\nHost: docker\\r\\n\\r\\n"
  done
  printf '%b' "$ad" | bounded docker system dial-stdio 2>&1 0<>/dev/stdin | awk -v paths="$*" '
    BEGIN { RS = "\r\n"; count = split(paths, path, " "); asked = 1 }
    function pick(key,   value) { # a member of /info, whose arrays have strings alone
      if (!match(body, "\"" key "\":(\\[[^]]*\\]|\"([^\"\\\\]|\\\\.)*\"|true|false|null)")) return "null"
      value = substr(body, RSTART, RLENGTH)
      sub(/^[^:]*:/, "", value)
      return value
    }
    function key() { return path[asked] == "/version" ? "docker.version" : path[asked] == "/info" ? "docker.info" : path[asked] == "/networks" ? "docker.networks" : "docker.containers" }
    function complete(   n, i, item, id) {
      sub(/\n$/, "", body)
      if (status != 200) print "== " key() ".failed\n" status "\n" body
      else if (key() == "docker.version") print "== docker.version\n{\"Server\":" body "}"
      else if (key() == "docker.info") {
        print "== docker.info"
        root = pick("DockerRootDir")
        print "{\"serverVersion\":" pick("ServerVersion") ",\"os\":" pick("OperatingSystem") ",\"security\":" pick("SecurityOptions") \
          ",\"root\":" root ",\"liveRestore\":" pick("LiveRestoreEnabled") ",\"networkPlugins\":" pick("Network") "}"
      } else if (key() == "docker.networks") {
        print "== docker.networks\n" body
        n = split(body, item, /\{"Name":"/)
        for (i = 2; i <= n; i++) if (match(item[i], /"Id":"[0-9a-f]+"/)) {
          id = substr(item[i], RSTART + 6, RLENGTH - 7)
          networks = networks " " id
          if (item[i] ~ /"Driver":"(mac|ip)vlan"/) lans = lans " " id
        }
      } else {
        n = split(body, item, /\{"Id":"/)
        for (i = 2; i <= n; i++) { id = substr(item[i], 1, 64); if (id !~ /[^0-9a-f]/) ids = ids " " id }
        print "ids" ids "\nnetworks" networks " \nlans" lans "\nroot " substr(root, 2, length(root) - 2) >"/dev/stderr"
      }
      asked++
    }
    state == "head" && $0 == "" { state = chunked ? "size" : "body"; body = ""; next }
    state == "head" { if (tolower($0) ~ /^transfer-encoding: *chunked/) chunked = 1; next }
    state == "size" { state = $0 == "0" ? "last" : "data"; next }
    state == "data" { body = body $0; state = "size"; next }
    state == "last" { complete(); state = ""; next }
    { # the end of a body and the next status in one, or what the client says before there is any
      at = match($0, /HTTP\/1\.[01] [0-9][0-9][0-9] [A-Za-z ]+$/)
      if (state == "body") { body = at ? substr($0, 1, at - 1) : $0; complete() }
      else if (!at) said = said $0
      if (at) { status = substr($0, at + 9) + 0; state = "head"; chunked = 0 } else state = ""
    }
    END {
      sub(/\n+$/, "", said)
      for (; asked <= count; asked++) print "== " key() ".failed\n1\n" (said == "" ? "Docker did not answer" : said)
    }'
}

# The Compose plugin, with its version only if no appliance was applied since it was installed: asking takes half a second.
compose() {
  for co in "${DOCKER_CONFIG:-${HOME:-/root}/.docker}" /usr/local/lib/docker /usr/local/libexec/docker /usr/lib/docker /usr/libexec/docker ''; do
    [ ! -x "$co/cli-plugins/docker-compose" ] || break
  done
  if [ -z "$co" ]; then
    # in a place of its own, or not there
    co=$(bounded docker compose version --format json 2>/dev/null </dev/null) || co=
  elif [ -n "$(find "$etc"/appliances/*/applied -newermc "$co/cli-plugins/docker-compose" 2>/dev/null)" ]; then
    co='{}'
  else
    co=$(bounded "$co/cli-plugins/docker-compose" docker-cli-plugin-metadata 2>/dev/null </dev/null) || co=
  fi
  frame compose "$co"
}

# What the kernel has in containers on the LAN, seen from their first processes, without a process of ours in each: lines
# PID NAME=MAC… inet=ADDRESS… inet6=ADDRESS… (of global scope, as the kernel lists it or as `ip` prints it). Where /sys is not the container's own (given the host's, or none) it is asked in its network namespace.
inside() { # LANS CONTAINERS
  in_said=$(look_inside "$@")
  case $in_said in *other*) ;; *) printf '%s\n' "$in_said" && return ;; esac
  printf '%s\n' "$in_said" | while read -r in_word in_rest; do
    if [ "$in_word" = other ]; then
      echo "$in_rest$(printf 'link show\naddr show\n' | bounded nsenter -t "$in_rest" -n ip -o -batch - 2>/dev/null | awk '
        { name = $2; sub(/[@:].*/, "", name) }
        name == "lo" { next }
        / link\/ether / { mac = $0; sub(/.* link\/ether /, "", mac); sub(/ .*/, "", mac); printf " %s=%s", name, mac }
        $3 == "inet" || ($3 == "inet6" && / scope global/) { sub(/\/.*/, "", $4); printf " %s=%s", $3, $4 }')"
    else echo "$in_word${in_rest:+ $in_rest}"; fi
  done
}
look_inside() {
  printf '%s\n' "$2" | awk -v lans="$1" '
    function sysfs(pid,   file, line, f, device) {
      file = "/proc/" pid "/mountinfo"
      device = ""
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[5] == "/sys") device = line ~ / - sysfs / ? f[3] : ""
        else if (f[5] ~ /^\/sys\/(class|devices)(\/|$)/) device = ""
      }
      close(file)
      return device
    }
    function look(pid,   file, line, name, mac, device, f, last, seen, text) {
      file = "/proc/" pid "/net/dev"
      device = sysfs(pid)
      if (device == "" || device == host) { print "other " pid; return }
      text = pid
      while ((getline line < file) > 0) {
        if (line !~ /:/) continue
        sub(/^ */, "", line); sub(/:.*/, "", line)
        if (line == "lo") continue
        mac = ""
        name = "/proc/" pid "/root/sys/class/net/" line "/address"
        getline mac < name
        close(name)
        if (mac ~ /^[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$/ && length(mac) == 17) text = text " " line "=" mac
      }
      close(file)
      file = "/proc/" pid "/net/fib_trie"
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[1] == "|--") last = f[2]
        else if (line ~ /\/32 host LOCAL/ && last !~ /^127\./ && !(last in seen)) { seen[last]; text = text " inet=" last }
      }
      close(file)
      file = "/proc/" pid "/net/if_inet6"
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[4] == "00" && f[6] != "lo") text = text " inet6=" f[1]
      }
      close(file)
      print text
    }
    BEGIN { host = sysfs("self"); n = split(lans, lan, " ") }
    match($0, /"pid":[1-9][0-9]*/) {
      pid = substr($0, RSTART + 6, RLENGTH - 6)
      for (i = 1; i <= n; i++) if (index($0, "\"NetworkID\":\"" lan[i] "\"")) { look(pid); break }
    }'
}

# Records of the macvlan driver whose networks Docker does not know: ID PARENT.
zombies() { # KNOWN ROOT
  zo_store=$2/network/files/local-kv.db
  [ -r "$zo_store" ] || return 0
  zo_unknown=
  zo_ids=$(grep -ao 'macvlan/network/[0-9a-f]*' "$zo_store")
  for zo in $zo_ids; do
    zo=${zo##*/}
    case $1 in *" $zo "*) ;; *) zo_unknown="$zo_unknown $zo" ;; esac
  done
  [ -z "$zo_unknown" ] || zo_unknown=$(zombie_records "$zo_store" "$zo_unknown ")
  frame zombies "$zo_unknown"
}

# Of the store, a bolt database. A page that is free may still have records that were removed; the ids of free pages are on a page that
# the newer of the two head pages names.
zombie_records() { # STORE IDS
  tr -c '\040-\176' '[.*]' <"$1" | awk -v store="$1" -v ids="$2" '
    function numbers(at, count, n,   command, i) { # 64 bits each, to n
      command = "od -An -v -tu8 -w8 -j " at " -N " count * 8 " " store
      for (i = 0; (command | getline n[i]) > 0; i++) n[i] += 0
      close(command)
    }
    BEGIN {
      numbers(0, 9, first)
      size = first[3]
      if (size < 1024) exit
      numbers(size, 9, second)
      list = first[8] > second[8] ? first[6] : second[6]
      numbers(list * size, 2 + 2048, page)
      count = int(page[1] / 65536) % 65536
      for (i = 2; i < 2 + count; i++) free[page[i]]
      key = RS = "macvlan/network/"
    }
    { # the text after one key, up to the next
      at = next_at
      next_at += length($0) + length(key)
      id = substr($0, 1, 64)
      if (at == 0 || int(at / size) in free || !index(ids, " " id " ") || id in told) next
      told[id]
      parent = ""
      if (match($0, /"Parent":"[^"]*"/)) parent = substr($0, RSTART + 10, RLENGTH - 11)
      print id " " parent
    }'
}

# Asked at its socket, a dockerd that somebody stopped would be started by systemd.
docker_rests() {
  if [ -e /run/docker.pid ] || [ ! -d /run/systemd/system ]; then return 1; fi
  case $(bounded systemctl show -p LoadState -p ActiveState docker.service) in
    *LoadState=loaded*ActiveState=active*) return 1 ;;
    *LoadState=loaded*) return 0 ;;
    *) return 1 ;;
  esac
}

docker_part() { # PATH…
  has docker || return 0
  frame docker.path "$(readlink -f "$(command -v docker)")"
  if docker_rests; then
    frame docker.version.failed "1${newline}docker.service is not running"
    compose
    return
  fi
  { do_said=$(ask_docker "$@" 2>&1 >&4); } 4>&1
  compose
  do_ids='' do_networks='' do_lans='' do_root=''
  IFS=$newline
  for do_line in $do_said; do
    case $do_line in
      ids*) do_ids=${do_line#ids} ;;
      networks*) do_networks=${do_line#networks} ;;
      lans*) do_lans=${do_line#lans} ;;
      root*) do_root=${do_line#root } ;;
    esac
  done
  unset IFS
  if [ -n "$do_ids" ]; then
    do_containers=$(bounded docker inspect --type container --format "$CONTAINER" $do_ids 2>/dev/null </dev/null)
    # one that has gone meanwhile makes the call fail, and the others are printed all the same
    if [ $? = 124 ] || [ -z "$do_containers" ]; then
      frame docker.containers.failed "1${newline}docker inspect did not answer"
    else frame docker.containers "$do_containers"; fi
  fi
  if [ "$sudo" != root ] || [ -z "$do_root" ]; then return; fi
  if [ -n "$do_lans" ] && [ -n "$do_ids" ]; then
    frame inside "$(inside "$do_lans" "$do_containers")"
  fi
  zombies "$do_networks" "$do_root"
}

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
