#!/bin/sh
# managed by pulumi-macvlan
# Installs or updates what boots the host. Sent over ssh with its payload, so it stands alone. stdin: frames "== /ABSOLUTE/PATH MODE".
# Writes only what differs in content, mode or owner; puts everything back if the new files do not prove good. Docker is never restarted.
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
# Those of the given files, which are there, that do not carry our mark in their first two lines.
not_ours() { # FILE...
  [ $# = 0 ] || awk -v mark="$mark" 'FNR <= 2 && $0 == mark { ok[FILENAME] } END { for (f = 1; f < ARGC; f++) if (!(ARGV[f] in ok)) print ARGV[f] }' "$@"
}
ours() { [ -f "$1" ] && [ -z "$(not_ours "$1")" ]; }
# `systemctl mask`, where somebody has taken our file away first: a unit or a drop-in is a link to nowhere.
masked() { # PATH
  case $1 in "$units"/*) [ -L "$root$1" ] && [ "$(readlink "$root$1")" = /dev/null ] ;; *) return 1 ;; esac
}
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
  for tool in awk cmp flock ip journalctl modprobe mktemp sha256sum sort stat systemd-run timeout tsort udevadm xargs; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  [ -z "$missing" ] || fail 1 "this host lacks:$missing; install coreutils, diffutils, findutils, gawk or mawk, iproute2, kmod, udev, util-linux"
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
  (cd "$work/new" && not_ours ./*) >"$work/alien"
  n=0
  set --
  while read -r path _; do
    n=$((n + 1))
    ! grep -qxF "./$n" "$work/alien" || fail 2 "payload: $path does not carry our mark"
    case $path in "$libexec"/*) sh -n "$work/new/$n" || fail 2 "payload: $path is not a shell script" ;; esac
    if masked "$path"; then continue; fi
    if [ -f "$root$path" ]; then set -- "$@" "$root$path"; elif [ -e "$root$path" ] || [ -L "$root$path" ]; then fail 1 "$path is there already and is no file: move it away first"; fi
  done <"$work/list"
  alien=$(not_ours "$@")
  [ -z "$alien" ] || fail 1 "there already and not ours, move it away first: $(echo "$alien" | tr '\n' ' ')"
}

# $work/todo: "N PATH MODE" for what differs, "- PATH" for what an older version left behind. Digests and modes of all in a few processes.
compare() {
  {
    (cd "$work/new" && sha256sum ./*)
    sed "s|^|$root|; s| .*||" "$work/list" | xargs sha256sum 2>/dev/null
    sed "s|^|$root|; s| .*||" "$work/list" | xargs stat -c '%a-%u-%g-%F %n' 2>/dev/null
  } >"$work/are"
  awk -v root="$root" '
    FILENAME ~ /are$/ { of = $NF; if (/-regular( empty)? file /) { sub(/-regular.*/, ""); mode[of] = $0 } else if (NF == 2) digest[of] = $1; next }
    { want = $2; sub(/^0/, "", want); n = FNR; file = root $1 }
    digest["./" n] != digest[file] || mode[file] != want "-0-0" { print n, $1, $2 }' "$work/are" "$work/list" >"$work/todo"
  for file in "$root$libexec"/* "$root$units"/macvlan-*.service "$root$units"/docker.service.d/*-macvlan.conf "$root"/etc/modules-load.d/macvlan*.conf; do
    ! grep -q "^${file#"$root"} " "$work/list" || continue
    ! ours "$file" || echo "- ${file#"$root"}" >>"$work/todo"
  done
}

# Nobody else may put a file where ours are run from.
own_folders() {
  for folder in "$libexec" /etc/macvlan /var/lib/macvlan; do
    [ -d "$root$folder" ] || continue
    [ -n "$(find "$root$folder" -maxdepth 0 \( ! -user 0 -o ! -group 0 -o -perm /022 \))" ] || continue
    chown 0:0 "$root$folder" && chmod go-w "$root$folder" && echo "corrected owner and mode of $folder" >&2 || return 1
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
    if [ -e "$root$path" ] || [ -L "$root$path" ]; then cp -pP "$root$path" "$work/old/$key" || return 1; fi
    if [ "$n" = - ]; then
      case $path in "$units"/*.service) timeout 30 systemctl -q disable "${path##*/}" ;; esac
      rm -f "$root$path"
      echo "removed $path" >&2
      continue
    fi
    make_folders "$path" || return 1
    new=$(mktemp "$root${path%/*}/.${path##*/}.XXXXXX") || return 1
    if cat "$work/new/$n" >"$new" && chmod "$mode" "$new" && mv -fT "$new" "$root$path"; then
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
    if [ -e "$work/old/$key" ] || [ -L "$work/old/$key" ]; then cp -pP "$work/old/$key" "$root$path.old" && mv -fT "$root$path.old" "$root$path"; else rm -f "$root$path"; fi
  done <"$work/todo"
  reload
  [ ! -e "$root$units/$stage3" ] || timeout 30 systemctl -q enable "$stage3"
  if [ -f "$root/var/lib/macvlan/folders" ] && [ ! -e "$root$units/$stage3" ]; then
    sort -r "$root/var/lib/macvlan/folders" | while IFS= read -r folder; do rmdir "$root$folder" 2>/dev/null; done
    rm -rf "$root/var/lib/macvlan"
  fi
}
units_changed() { grep -q " $units/" "$work/todo"; }
# Somebody has edited a unit, or put one back, and systemd goes on with what it read before.
stale() { timeout 10 systemctl show -p NeedDaemonReload docker.service "$stage3" 'macvlan-parent@*.service' 'macvlan-watch@*.service' 2>/dev/null | grep -q '=yes'; }
reload() { if units_changed || stale; then timeout 60 systemctl daemon-reload; fi; }

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
  # Nothing brings the appliances at a boot of which Docker is no part.
  if [ "$(timeout 10 systemctl show -p UnitFileState --value docker.service)" = disabled ]; then
    timeout 30 systemctl -q enable docker.service || return 1
  fi
  # A watcher that runs goes on with what it read when it was started.
  if grep -q " $libexec/\(watch\|lib\.sh\) " "$work/todo"; then timeout 30 systemctl -q --no-block try-restart 'macvlan-watch@*.service'; fi
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
if own_folders && swap && prove && activate; then
  rm -f "$root/var/lib/macvlan/leaving" # a removal that was put off
  exit 0
fi
put_back
fail 1 "installation failed, everything is as before"
