#!/bin/sh
# managed by pulumi-macvlan
# Installs or updates what boots the host. Sent over ssh with its payload, so it stands alone. stdin: frames "== /ABSOLUTE/PATH MODE".
# Writes only what differs; puts everything back if the new files do not prove good. Docker is never restarted.
# MACVLAN_ROOT moves every path, as DESTDIR would.
set -u
export LC_ALL=C PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
umask 022
trap '' HUP PIPE
root=${MACVLAN_ROOT:-}
mark='# managed by pulumi-macvlan'
libexec=/usr/local/libexec/macvlan
units=/etc/systemd/system
stage3=macvlan-appliances.service

fail() { # CODE TEXT
  echo "$2" >&2
  exit "$1"
}
ours() { head -n 2 "$1" 2>/dev/null | grep -qxF "$mark"; }
docker_state() { timeout 10 systemctl show -p LoadState --value docker.service 2>/dev/null; }

check_host() {
  [ "$(id -u)" = 0 ] || fail 1 "installing needs root: give the account passwordless sudo, or connect as root"
  [ -d "$root/run/systemd/system" ] || fail 1 "this host was not booted with systemd, which is what brings the parent up before Docker"
  case $(docker_state) in
    loaded) ;;
    masked) fail 1 "docker.service is masked on this host: systemctl unmask docker.service" ;;
    *) fail 1 "this host has no docker.service: install Docker from Debian (docker.io) or from docker.com; snap and rootless Docker do not offer macvlan on the host" ;;
  esac
  missing=
  for tool in awk cmp flock ip journalctl modprobe mktemp sort stat timeout tsort udevadm; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  [ -z "$missing" ] || fail 1 "this host lacks:$missing; install coreutils, diffutils, gawk or mawk, iproute2, kmod, udev, util-linux"
}

# Splits stdin into $work/new/1, 2..., and $work/list with "PATH MODE" a line.
unpack() {
  mkdir "$work/new" "$work/old"
  : >"$work/list"
  awk -v work="$work" '
    function refuse(why) { print "payload: " why >"/dev/stderr"; bad = 1; exit 1 }
    /^== / {
      if ($0 !~ /^== \/(etc|usr\/local\/libexec\/macvlan)\/[A-Za-z0-9._@\/-]+ 0?[67][0-7][0-7]$/ || $0 ~ /\/\.\.?\//) refuse("bad line: " $0)
      if (seen[$2]++) refuse("twice: " $2)
      if (out) close(out)
      out = work "/new/" ++count; printf "" >out; print $2, $3 >(work "/list"); next
    }
    !out { if ($0 == "") next; refuse("text before the first frame") }
    /^===/ { $0 = substr($0, 2) }
    { print >out }
    END { if (!bad && !count) refuse("no files") ; if (bad) exit 1 }' || exit 2
  n=0
  while read -r path _; do
    n=$((n + 1))
    ours "$work/new/$n" || fail 2 "payload: $path does not carry our mark"
    case $path in "$libexec"/*) sh -n "$work/new/$n" || fail 2 "payload: $path is not a shell script" ;; esac
    if [ -e "$root$path" ] && ! ours "$root$path"; then fail 1 "$path is there already and is not ours: move it away first"; fi
  done <"$work/list"
}

# $work/todo: "N PATH MODE" for what differs, "- PATH" for what an older version left behind.
compare() {
  n=0
  : >"$work/todo"
  while read -r path mode; do
    n=$((n + 1))
    if cmp -s "$work/new/$n" "$root$path" && [ "$(stat -c %a "$root$path")" = "${mode#0}" ]; then continue; fi
    echo "$n $path $mode" >>"$work/todo"
  done <"$work/list"
  for file in "$root$libexec"/* "$root$units"/macvlan-*.service "$root$units"/docker.service.d/*-macvlan.conf "$root"/etc/modules-load.d/macvlan*.conf; do
    ours "$file" || continue
    grep -q "^${file#"$root"} " "$work/list" || echo "- ${file#"$root"}" >>"$work/todo"
  done
}

# Makes the folders on the way to a file, and remembers those that were not there, for the day of the removal.
make_folders() { # PATH
  folder=${1%/*}
  [ -d "$root$folder" ] || {
    make_folders "$folder"
    folder=${1%/*} # the call above has used the variable for itself
    mkdir -m 755 "$root$folder" || return 1
    grep -qxF "$folder" "$root/var/lib/macvlan/folders" 2>/dev/null || echo "$folder" >>"$root/var/lib/macvlan/folders"
  }
}

swap() {
  while read -r n path mode; do
    key=$(echo "$path" | tr / %)
    if [ -e "$root$path" ]; then cp -p "$root$path" "$work/old/$key" || return 1; fi
    if [ "$n" = - ]; then
      case $path in "$units"/*.service) timeout 30 systemctl -q disable "${path##*/}" ;; esac
      rm -f "$root$path"
      echo "removed $path" >&2
      continue
    fi
    make_folders "$path" || return 1
    new=$(mktemp "$root${path%/*}/.${path##*/}.XXXXXX") || return 1
    if cat "$work/new/$n" >"$new" && chmod "$mode" "$new" && mv -f "$new" "$root$path"; then
      echo "installed $path" >&2
    else
      rm -f "$new"
      return 1
    fi
  done <"$work/todo"
}
put_back() {
  while read -r _ path _; do
    key=$(echo "$path" | tr / %)
    if [ -e "$work/old/$key" ]; then cp -p "$work/old/$key" "$root$path.old" && mv -f "$root$path.old" "$root$path"; else rm -f "$root$path"; fi
  done <"$work/todo"
  reload
  [ ! -e "$root$units/$stage3" ] || timeout 30 systemctl -q enable "$stage3"
  if [ -f "$root/var/lib/macvlan/folders" ] && [ ! -e "$root$units/$stage3" ]; then
    sort -r "$root/var/lib/macvlan/folders" | while IFS= read -r folder; do rmdir "$root$folder" 2>/dev/null; done
    rm -rf "$root/var/lib/macvlan"
  fi
}
units_changed() { grep -q " $units/" "$work/todo"; }
reload() { ! units_changed || timeout 60 systemctl daemon-reload; }

# The new files are good if systemd takes our units without a complaint, and Docker's unit with our drop-in.
prove() {
  reload || return 1
  units_changed || return 0
  # without --recursive-errors= (systemd < 250) the faults of other units would count as ours
  if timeout 30 systemd-analyze --help 2>/dev/null | grep -q recursive-errors; then
    while read -r path _; do
      case $path in
        "$units"/macvlan-*.service) timeout 60 systemd-analyze verify --man=no --recursive-errors=no "$root$path" >&2 || return 1 ;;
      esac
    done <"$work/list"
  fi
  [ "$(docker_state)" = loaded ] || {
    echo "docker.service does not load with the drop-in" >&2
    return 1
  }
}

activate() {
  timeout 20 modprobe macvlan || {
    echo "the kernel has no macvlan module (modprobe macvlan failed)" >&2
    return 1
  }
  timeout 10 systemctl -q is-enabled "$stage3" >/dev/null 2>&1 || timeout 30 systemctl -q enable "$stage3" || return 1
  # Only a running stage 3 is there to hold the order when Docker goes down. With nothing to do it starts at once.
  if timeout 10 systemctl -q is-active docker.service && ! timeout 10 systemctl -q is-active "$stage3"; then
    timeout 30 systemctl --no-block start "$stage3" || return 1
  fi
}

check_host
mkdir -p "$root/run/macvlan" "$root/var/lib/macvlan"
exec 9>"$root/run/macvlan/install.lock"
flock -w 300 9 || fail 1 "another installation has not ended after 300 s"
work=$(mktemp -d "$root/run/macvlan/install.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
unpack
compare
if swap && prove && activate; then exit 0; fi
put_back
fail 1 "installation failed, everything is as before"
