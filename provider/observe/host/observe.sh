#!/bin/sh
# managed by pulumi-macvlan
# Reads the state of a host and prints it as frames: a line `== KEY`, then raw JSON or text; `== KEY.failed` has the exit
# code and the last words of a command that failed. Changes nothing, needs nothing but a POSIX shell, is sent over ssh and
# never installed. Environment variables and command lines of containers are not read: they hold secrets.
# shellcheck disable=SC2016,SC2086  # Docker's templates are not for the shell; $root and $ids are lists of words
set -u
export LC_ALL=C PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin:${PATH:-}"

has() { command -v "$1" >/dev/null 2>&1; }

# A command that hangs (a stuck dockerd, a dead network file system) must not hang the run.
bounded() {
  if has timeout; then timeout -k 2 15 "$@"; else "$@"; fi
}

frame() {
  printf '== %s\n' "$1"
  sed 's/^==/===/'
}

# read_into KEY COMMAND…: the frame KEY with the output, or the frame KEY.failed.
read_into() {
  key=$1
  shift
  out=$(bounded "$@" 2>/dev/null </dev/null)
  code=$?
  if [ "$code" -eq 0 ]; then
    printf '%s\n' "$out" | frame "$key"
  elif [ "$code" -eq 124 ]; then
    printf '124\ntimed out\n' | frame "$key.failed"
  else
    {
      echo "$code"
      bounded "$@" 2>&1 >/dev/null </dev/null | tail -n 3
    } | frame "$key.failed"
  fi
}

# Sets `sudo` to what the account may do, and `root` to the words that give a command the rights our helper will have.
find_sudo() {
  root=
  if [ "$(id -u)" -eq 0 ]; then
    sudo=root
  elif ! has sudo; then
    sudo=missing
  elif bounded sudo -n true >/dev/null 2>&1 </dev/null; then
    sudo=ok
    root='sudo -n --'
  else
    sudo=password
  fi
}

account() {
  printf 'uid=%s\nname=%s\ngroups=%s\nsudo=%s\n' "$(id -u)" "$(id -un)" "$(id -Gn)" "$sudo"
}

tools() {
  for tool in awk cmp docker flock ip journalctl modprobe mktemp nsenter sed sha256sum sort stat sudo systemctl timeout tsort udevadm; do
    has "$tool" && echo "$tool"
  done
  return 0
}

macvlan_module() {
  if [ -d /sys/module/macvlan ] || bounded modprobe -nq macvlan 2>/dev/null; then echo yes; else echo no; fi
}

# One line a device of the machine itself: NAME|wireless or empty|ID_PATH.
nics() {
  for device in /sys/class/net/*/device; do
    [ -e "$device" ] || continue
    path=${device%/device}
    wireless=
    if [ -e "$path/phy80211" ] || [ -d "$path/wireless" ]; then wireless=wireless; fi
    id_path=
    if has udevadm; then id_path=$(bounded udevadm info -q property -p "$path" 2>/dev/null | sed -n 's/^ID_PATH=//p'); fi
    echo "${path##*/}|$wireless|$id_path"
  done
}

# Digests of everything we may have put there; secrets have none, since a digest lets one guess.
files() {
  for path in /usr/local/libexec/macvlan /etc/macvlan /etc/udev/rules.d/82-macvlan-*.rules /etc/modules-load.d/macvlan.conf \
    /etc/systemd/network/05-macvlan-*.network /etc/NetworkManager/conf.d/50-macvlan-*.conf \
    /etc/systemd/system/macvlan-parent@.service /etc/systemd/system/macvlan-appliances.service \
    /etc/systemd/system/docker.service.d/50-macvlan.conf; do
    [ -e "$path" ] && bounded $root find "$path" -type f ! -name secrets.sh -exec sha256sum {} +
  done
  return 0
}

# Files at our places without our mark; what appliances are given carries none.
foreign() {
  set --
  for path in /usr/local/libexec/macvlan /etc/macvlan/links /etc/udev/rules.d/82-macvlan-*.rules /etc/modules-load.d/macvlan.conf \
    /etc/systemd/network/05-macvlan-*.network /etc/NetworkManager/conf.d/50-macvlan-*.conf \
    /etc/systemd/system/macvlan-parent@.service /etc/systemd/system/macvlan-appliances.service \
    /etc/systemd/system/docker.service.d/50-macvlan.conf; do
    [ ! -e "$path" ] || set -- "$@" "$path"
  done
  [ $# -eq 0 ] || bounded $root find "$@" -type f -exec grep -LxF '# managed by pulumi-macvlan' {} +
  return 0
}

# Where network managers take further files from.
folders() {
  for folder in /etc/systemd/network /etc/NetworkManager/conf.d; do
    [ ! -d "$folder" ] || echo "$folder"
  done
}

# NAME DIGEST of each appliance that was applied completely.
applied() {
  bounded $root sh -c 'for f in /etc/macvlan/appliances/*/applied; do
    [ -f "$f" ] || continue
    d=${f%/applied}
    printf "%s %s\n" "${d##*/}" "$(head -n 1 "$f")"
  done'
}

unit() {
  read_into "unit.$1" systemctl show "$1" -p LoadState -p ActiveState -p SubState -p UnitFileState -p FragmentPath \
    -p InvocationID -p ActiveEnterTimestamp -p Result
}

# What dockerd said of networks that it could not restore, since it was started last.
ghosts() {
  invocation=$(bounded systemctl show docker.service -p InvocationID --value)
  [ -n "$invocation" ] || return 0
  bounded $root journalctl -q -o cat --no-pager "_SYSTEMD_INVOCATION_ID=$invocation" 2>/dev/null |
    grep -F 'Could not create macvlan network' | tail -n 20
  return 0
}

host_part() {
  date -u +%Y-%m-%dT%H:%M:%SZ | frame time
  account | frame account
  tools | frame tools
  uname -r | frame kernel
  [ -r /etc/os-release ] && frame os </etc/os-release
  read_into link ip -j -d link show
  read_into addr ip -j addr show
  read_into route ip -j route show
  nics | frame nics
  macvlan_module | frame macvlan
  has systemd-detect-virt && { systemd-detect-virt || true; } | frame virt
  if [ -d /run/systemd/system ]; then
    systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p' | frame systemd
    { bounded systemctl is-system-running || true; } | frame systemd.state
    unit docker.service
    unit snap.docker.dockerd.service
    unit macvlan-appliances.service
    for conf in /etc/macvlan/links/*.conf; do
      [ -e "$conf" ] || continue
      name=${conf##*/}
      unit "macvlan-parent@${name%.conf}.service"
    done
    ghosts | frame ghosts
  fi
  files | frame files
  foreign | frame foreign
  folders | frame folders
  applied | frame applied
}

INFO='{"serverVersion":{{json .ServerVersion}},"os":{{json .OperatingSystem}},"security":{{json .SecurityOptions}},"root":{{json .DockerRootDir}},"liveRestore":{{json .LiveRestoreEnabled}},"networkPlugins":{{json .Plugins.Network}},"cliPlugins":{{json .ClientInfo.Plugins}}}'
NETWORK='{"id":{{json .ID}},"name":{{json .Name}},"driver":{{json .Driver}},"scope":{{json .Scope}},"internal":{{json .Internal}},"ipv6":{{json .EnableIPv6}},"ipam":{{json .IPAM}},"options":{{json .Options}},"labels":{{json .Labels}}}'
# .ID, not .Id: Docker's typed form of a container; in its raw form, the second choice, an absent Health is an error.
CONTAINER='{"id":{{json .ID}},"name":{{json .Name}},"status":{{json .State.Status}},"error":{{json .State.Error}},"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},"startedAt":{{json .State.StartedAt}},"imageId":{{json .Image}},"image":{{json .Config.Image}},"appliance":{{json (index .Config.Labels "pulumi-macvlan.appliance")}},"project":{{json (index .Config.Labels "com.docker.compose.project")}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"restart":{{json .HostConfig.RestartPolicy.Name}},"networks":{{json .NetworkSettings.Networks}}}'

docker_part() {
  has docker || return 0
  readlink -f "$(command -v docker)" | frame docker.path
  # As the user alone: this is how Docker's own connection over ssh arrives.
  read_into docker.version docker version --format '{{json .}}'
  read_into docker.info $root docker info --format "$INFO"
  ids=$(bounded $root docker network ls -q --no-trunc 2>/dev/null </dev/null)
  [ -z "$ids" ] || read_into docker.networks $root docker network inspect --format "$NETWORK" $ids
  ids=$(bounded $root docker ps -aq --no-trunc 2>/dev/null </dev/null)
  [ -z "$ids" ] || read_into docker.containers $root docker inspect --type container --format "$CONTAINER" $ids
}

# Docker's client is slow: it runs beside the rest, and what it prints is kept until the rest is out.
main() {
  find_sudo
  exec 3>&1
  later=$({
    docker_part &
    host_part >&3
    wait
  })
  [ -z "$later" ] || printf '%s\n' "$later"
  echo '== end'
}

main </dev/null
