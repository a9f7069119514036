#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `link`: a change that may cut the host off from the workstation is taken back unless the workstation confirms it in time over
# a new connection. $saved is what was there when the host could last be reached: it is made before the first change, and stays until a
# confirmation, however many changes come before that. Who goes back: the timer; after a restart, when timers are gone, the unit
# macvlan-wayback@NAME before the link comes up; and an apply that fails.
# shellcheck disable=SC2034,SC2154  # changed: read by link; name, parts, unit, watcher: link; var, run, net, libexec, alias_mark: lib.sh

confirm_within=${MACVLAN_CONFIRM_WITHIN:-90} # seconds; switches that learn a port anew (STP) take 30 to 50
saved=$var/wayback/$name
undone=$var/undone # lines NAME TIME REASON
failed=$run/link-$name.failed
timer=macvlan-wayback-$name
since_boot=$run/armed-$name # gone after a restart; macvlan-wayback@.service asks for it too

armed() { [ -d "$saved" ]; }
other_boot() { armed && [ ! -e "$since_boot" ]; }

# Nothing may be touched before this has succeeded. Armed already, it moves the time limit on.
arm() {
  if ! armed; then
    rm -rf "$saved.new"
    mkdir -p "$saved.new/files" || die "$name: cannot write to $saved.new: nothing was changed"
    for ar in $parts; do
      ar_file=$(target "$ar")
      [ ! -f "$ar_file" ] || cp -p "$ar_file" "$saved.new/files/$ar" || die "$name: cannot keep $ar_file: nothing was changed"
    done
    if [ -e "$net/$name" ]; then
      { cat "$net/$name/address" && cat "$net/$name/ifalias"; } >"$saved.new/link"
    fi
    reach_save "$saved.new"
    limit "$saved.new"
    : >"$since_boot"
    mv "$saved.new" "$saved" || die "$name: cannot write $saved: nothing was changed"
  fi
  rm -f "$saved/done"
  limit "$saved"
  timeout 10 systemctl -q is-active "$timer.timer" "$timer.service" ||
    ar=$(timeout 20 systemd-run -q --collect --unit="$timer" --description="Takes the change of $name back unless it is confirmed" \
      --on-active="$confirm_within" --timer-property=AccuracySec=1s "$libexec/macvlan-host" link undo "$name" timer 2>&1) ||
    { rm -rf "$saved" && die "$name: the host cannot be told to take the change back by itself, so nothing was changed: $ar"; }
  ask
}
limit() { echo $(($(uptime_s) + confirm_within)) >"$1/deadline"; } # DIR
# Half of the time is left for the confirmation even if the change took long.
leave_time() {
  [ $(($(cat "$saved/deadline") - $(uptime_s))) -ge $((confirm_within / 2)) ] || echo $(($(uptime_s) + confirm_within / 2)) >"$saved/deadline"
}
# The workstation's Command waits for this line (confirmedCommand in command.ts). The time is the latest, on a host that takes long.
ask() { echo "confirm $name $(date -u -d "+$((2 * confirm_within)) seconds" +%H:%M:%SZ)"; }

disarm() {
  rm -rf "$saved" # first: a timer that finds nothing does nothing
  rmdir "$var/wayback" 2>/dev/null
  timeout 20 systemctl -q stop "$timer.timer" 2>/dev/null
  rm -f "$since_boot"
}
forget_undone() {
  [ -f "$undone" ] || return 0
  grep -v "^$name " "$undone" >"$undone.new"
  mv "$undone.new" "$undone"
  [ -s "$undone" ] || rm -f "$undone"
}
last_undone() { sed -n "s/^$name //p" "$undone" 2>/dev/null; } # TIME REASON

# Files, units, link and routes as they were. `boot`: the files alone, since the link is made next.
go_back() { # [boot]
  gb_nic=$(nic_of "$name") || gb_nic=
  changed=
  for gb in $parts; do
    gb_file=$(target "$gb")
    [ -z "$gb_file" ] || place "$gb" "$saved/files/$gb" "$gb_file" || warn "$name: cannot put $gb_file back"
  done
  if [ ! -f "$saved/files/link.conf" ]; then
    timeout 30 systemctl -q disable "$unit" 2>/dev/null
    if [ ! -f "$saved/link" ]; then
      delete_link
    elif [ "$(cat "$net/$name/ifalias" 2>/dev/null)" = "$alias_mark" ]; then
      { read -r gb_mac && read -r gb_alias; } <"$saved/link" || gb_alias=
      ip link set dev "$name" alias "$gb_alias"
      ip link set dev "$name" address "$gb_mac"
    fi
  fi
  reread
  settle_watcher "${1:-}" || warn "$name: $watcher could not be put back as it was"
  [ "${1:-}" != boot ] || return 0
  if [ -f "$saved/files/link.conf" ]; then
    "$libexec/parent" "$name" 0 || warn "$name: could not be put back as it was either"
  fi
  sweep_vlans
  for gb in $gb_nic $(nic_of "$name"); do trigger "$gb"; done
  reach_restore "$saved" "$gb_nic"
}

# The apply has given its reasons.
give_up() {
  go_back
  disarm
  echo "the change failed on the host" >"$failed"
}

confirm() {
  lock "link-$name"
  if ! armed; then
    [ ! -f "$failed" ] || die "$name: $(cat "$failed"), and everything is as before"
    cf=$(last_undone)
    [ -z "$cf" ] || die "$name: too late, the change was undone at $cf"
    return 0 # confirmed already
  fi
  if [ ! -f "$saved/done" ]; then
    undo_now "the run that made it did not come to its end"
    die "$name: the change did not come to its end and was undone; run again"
  fi
  disarm
  forget_undone
}

undo() { # [timer|boot]
  armed || return 0
  case ${1:-} in
    boot)
      # each start of the link's unit would, also those of the apply itself
      other_boot || return 0
      lock "link-$name"
      undo_now "the host was restarted before anybody confirmed that it can still be reached" boot
      ;;
    timer)
      until overdue; do sleep "$un_left"; done
      undo_now "nobody could confirm that the host can still be reached"
      ;;
    '')
      lock "link-$name"
      ! armed || undo_now "by order"
      ;;
    *) bad "usage: link undo NAME [timer|boot]" ;;
  esac
}
# True, with the lock, once the time limit has passed, which an apply moves on; ends if there is nothing to take back any more.
overdue() {
  lock "link-$name"
  armed || exit 0
  un_left=$(($(cat "$saved/deadline") - $(uptime_s)))
  [ "$un_left" -gt 0 ] || return 0
  exec 9>&-
  return 1
}
undo_now() { # REASON [boot]
  go_back "${2:-}"
  forget_undone
  echo "$name $(date -u +%Y-%m-%dT%H:%M:%SZ) $1" >>"$undone"
  log 4 "$name: the change was undone: $1"
  disarm
}
