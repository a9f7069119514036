#!/bin/sh
# managed by pulumi-macvlan
# Shared by the scripts beside it: sourced, never run. MACVLAN_ROOT moves every path that is written (as DESTDIR would).
# shellcheck disable=SC2034  # the scripts that source this use what it sets

mark='# managed by pulumi-macvlan'
alias_mark=pulumi-macvlan # in a link's ifalias: this link is ours
label=pulumi-macvlan.appliance
route_proto=201 # our routes, and no others, carry this protocol number
nl='
'

root=${MACVLAN_ROOT:-}
etc=$root/etc/macvlan
var=$root/var/lib/macvlan
run=$root/run/macvlan
libexec=${MACVLAN_LIBEXEC:-$root/usr/local/libexec/macvlan}
net=${MACVLAN_SYS:-/sys}/class/net

# --- words to the person, or to the journal with their priority ---

log() { # PRIORITY TEXT: 3 error, 4 warning, 5 notice, 6 information
  if [ -n "${JOURNAL_STREAM:-}" ]; then echo "<$1>$2" >&2; else echo "$2" >&2; fi
}
say() { log 6 "$1"; }
warn() { log 4 "$1"; }
die() {
  log 3 "$1"
  exit 1
}
bad() { # wrong usage or payload: nothing was touched
  log 3 "$1"
  exit 2
}

# Filter: takes every value that the given secrets.sh exports out of a text. Longest first, so that no tail of a longer one is left.
redact() { # SECRETS_FILE
  [ -s "$1" ] || {
    cat
    return
  }
  (
    # shellcheck disable=SC1090
    . "$1"
    awk -v keys="$(sed -n "s/^export \([A-Z_][A-Z0-9_]*\)=.*/\1/p" "$1" | tr '\n' ' ')" '
      BEGIN {
        count = split(keys, key, " "); total = 0
        for (k = 1; k <= count; k++) {
          lines = split(ENVIRON[key[k]], line, "\n")
          for (l = 1; l <= lines; l++) if (line[l] != "") secret[++total] = line[l]
        }
        for (a = 1; a <= total; a++) for (b = a + 1; b <= total; b++)
          if (length(secret[b]) > length(secret[a])) { keep = secret[a]; secret[a] = secret[b]; secret[b] = keep }
      }
      {
        rest = $0
        for (s = 1; s <= total; s++) {
          out = ""
          while (at = index(rest, secret[s])) {
            out = out substr(rest, 1, at - 1) "[secret]"; rest = substr(rest, at + length(secret[s]))
          }
          rest = out rest
        }
        print rest
      }'
  )
}

# --- one run at a time ---

# Holds $run/NAME.lock until this process ends. An engine that died leaves its run going on the host: the next run waits for it.
lock() { # NAME [SECONDS]
  [ -d "$run" ] || mkdir -p "$run" || die "cannot make $run"
  exec 9>"$run/$1.lock" || die "cannot open $run/$1.lock"
  flock -n 9 && return
  say "waiting for another run on $1"
  flock -w "${2:-900}" 9 || die "another run on $1 has not ended after ${2:-900} s: try again when it has"
}
try_lock() { # NAME: false if another run holds it
  mkdir -p "$run" && exec 9>"$run/$1.lock" && flock -n 9
}
uptime_s() {
  read -r up _ </proc/uptime
  echo "${up%%.*}"
}

# --- files ---

# Splits stdin into files below DIR. "== NAME" begins one; of a content line "===..." one "=" is taken off. Text only, each file ends in a newline.
# False, with the reason, if the payload is not of this form.
frames() { # DIR
  mkdir -p "$1/.parts" || return 1
  awk -v parts="$1/.parts" '
    /^== / { if (out) close(out); out = parts "/" ++count; names[count] = substr($0, 4); printf "" >out; next }
    !out { if ($0 == "") next; print "payload: text before the first \"== NAME\" line" >"/dev/stderr"; bad = 1; exit 1 }
    /^===/ { $0 = substr($0, 2) }
    { print >out }
    END {
      if (bad) exit 1
      for (n = 1; n <= count; n++) {
        name = names[n]
        if (name == "" || name ~ /^\/|\/$|\/\/|^\.parts/ || ("/" name "/") ~ /\/\.\.?\// || seen[name]++) {
          print "payload: bad or repeated file name: " name >"/dev/stderr"; exit 1
        }
        print name >(parts "/names")
      }
    }' || return 1
  [ -f "$1/.parts/names" ] || : >"$1/.parts/names"
  fr_n=0
  while IFS= read -r fr_name; do
    fr_n=$((fr_n + 1))
    case $fr_name in */*) mkdir -p "$1/${fr_name%/*}" || return 1 ;; esac
    mv "$1/.parts/$fr_n" "$1/$fr_name" || return 1
  done <"$1/.parts/names"
  rm -rf "$1/.parts"
}

# A file is as it is to be: content, root's, MODE.
same() { # SOURCE DESTINATION MODE
  [ -f "$2" ] && [ ! -L "$2" ] && cmp -s "$1" "$2" && [ "$(stat -c '%a %u:%g' "$2")" = "${3#0} 0:0" ]
}
# Puts a file in place atomically, root-owned, MODE. Sets $changed to 1 if content, mode or owner differed; leaves an equal file alone, and
# the file itself where only mode or owner are wrong: a container may have it mounted. Of a missing file that a container mounts, Docker makes
# an empty folder when it starts the container at a boot: that gives way.
put() { # SOURCE DESTINATION MODE
  ! same "$@" || return 0
  if [ -f "$2" ] && [ ! -L "$2" ] && cmp -s "$1" "$2"; then
    chown 0:0 "$2" && chmod "$3" "$2" && changed=1
    return
  fi
  [ -L "$2" ] || [ ! -d "$2" ] || rmdir "$2" || return 1
  pt_new=$(mktemp "${2%/*}/.${2##*/}.XXXXXX") || return 1
  if cat "$1" >"$pt_new" && chmod "$3" "$pt_new" && mv -fT "$pt_new" "$2"; then changed=1; else
    rm -f "$pt_new"
    return 1
  fi
}
ours() { # FILE: carries our mark in its first two lines
  head -n 2 "$1" 2>/dev/null | grep -qxF "$mark"
}
conf() { # FILE KEY: the value of KEY in a KEY='value' file
  (
    unset "$2"
    # shellcheck disable=SC1090
    . "$1"
    eval "printf '%s\n' \"\${$2:-}\""
  )
}
valid_name() { # a link's or an appliance's name, safe as a file name and as a unit instance
  case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9_-]*) return 1 ;; esac
}

# --- what the configuration and the kernel say ---

links() { for li_f in "$etc"/links/*.conf; do [ ! -f "$li_f" ] || { li_f=${li_f##*/} && echo "${li_f%.conf}"; }; done; }
appliances() { for ap_f in "$etc"/appliances/*/appliance.conf; do [ ! -f "$ap_f" ] || { ap_f=${ap_f%/*} && echo "${ap_f##*/}"; }; done; }
pins() { # LINK: the addresses of the appliances on it, of both kinds, one a line. Read without a process for each file
  for pi_f in "$etc"/appliances/*/appliance.conf; do
    [ -f "$pi_f" ] || continue
    pi_on='' pi_ip='' pi_ip6=''
    while IFS= read -r pi; do
      case $pi in
        PARENT=*) pi_on=${pi#PARENT=\'} ;;
        IP=*) pi_ip=${pi#IP=\'} ;;
        IP6=*) pi_ip6=$nl${pi#IP6=\'} && pi_ip6=${pi_ip6%\'} ;;
      esac
    done <"$pi_f"
    [ "$pi_on" != "$1'" ] || echo "${pi_ip%\'}$pi_ip6"
  done
}
lower() { # LINK: the device under it
  for lo_d in "$net/$1"/lower_*; do [ -e "$lo_d" ] && echo "${lo_d##*/lower_}" && return; done
  return 1
}
nic_of() { # LINK: the NIC; where the link asks for a VLAN, that is the device under the one it is on
  no=$(lower "$1") || return 1
  if grep -qs '^VLAN=' "$etc/links/$1.conf"; then lower "$no" || echo "$no"; else echo "$no"; fi
}

# The number of the device under LINK: what the interface of a container on LINK has behind its @if, for a macvlan on a macvlan is put on the
# NIC. A link that was moved to another NIC leaves its containers behind on the old one.
below() { # LINK
  be=$(lower "$1") && read -r be <"$net/$be/ifindex" && echo "$be"
} 2>/dev/null

# Makes the host's routes over LINK what its configuration says: unless REACH is none one /32 to each pinned address, with REACH=range one to
# RANGE, with REACH=watch one /32 to each container that `watch` has seen, and those of ROUTES. They are from ADDRESS, or from the host's
# own address on the NIC, so that LINK needs none. Those of IPv6, each a /128, are from ADDRESS6 alone: nobody behind a macvlan is told the
# MAC of an IPv6 address of the NIC. Returns 3 while the NIC has no address to send from (it may come late, by DHCP). With `check` it changes
# nothing and returns 4 if it would have.
# One at a time: two appliances that start at once must not each take the other's route for one too many.
routes_sync() ( # LINK [check]
  [ -d "$run" ] || mkdir -p "$run"
  exec 8>"$run/routes-$1.lock" && flock -w 60 8 && routes_sync_locked "$@"
)
watched() { echo "$run/watched-$1"; } # LINK: the file with the addresses that `watch` has seen with REACH=watch, one a line
routes_wanted() { # LINK: sets $rs_to and $rs_to6, where routes over it are to lead, and $rs_from and $rs_from6, its own addresses
  rs_reach='' rs_range='' rs_more=''
  while IFS= read -r rs; do
    rs_value=${rs#*=\'} rs_value=${rs_value%\'}
    case $rs in
      REACH=*) rs_reach=$rs_value ;;
      RANGE=*) rs_range=$rs_value ;;
      ROUTES=*) rs_more=$rs_value ;;
      ADDRESS=*) rs_from=$rs_value ;;
      ADDRESS6=*) rs_from6=$rs_value ;;
    esac
  done <"$etc/links/$1.conf"
  case $rs_reach in
    pinned) ;;
    range) rs_more="$rs_range $rs_more" ;;
    watch)
      rs_watched=$(watched "$1")
      [ ! -f "$rs_watched" ] || while read -r rs; do rs_more="$rs_more $rs"; done <"$rs_watched"
      ;;
    *) return 0 ;;
  esac
  for rs in $(pins "$1") $rs_more; do
    case "$rs_to$rs_to6 " in *" $rs "*) continue ;; esac
    case $rs in
      *:*) [ -z "$rs_from6" ] || rs_to6="$rs_to6 $rs" ;;
      *) rs_to="$rs_to $rs" ;;
    esac
  done
}
routes_sync_locked() { # LINK [check]
  [ -f "$etc/links/$1.conf" ] && [ -e "$net/$1" ] || return 0
  rs_want='' rs_rc=0 rs_to='' rs_to6='' rs_from='' rs_from6=''
  rs_nic=$(lower "$1") && routes_wanted "$1"
  if [ -n "$rs_from" ]; then
    for rs_ip in $rs_to; do rs_want="$rs_want $rs_ip@$rs_from"; done
  elif [ -n "$rs_to" ]; then
    rs_own=$(ip -4 -o addr show dev "$rs_nic" scope global)
    # asked for the NIC, the kernel passes over our own route by way of LINK and says which address it would send from
    rs_ways=$nl$(for rs_ip in $rs_to; do echo "route get ${rs_ip%/*} oif $rs_nic"; done | ip -4 -o -force -batch - 2>/dev/null)
    for rs_ip in $rs_to; do
      case $rs_ways in
        *"$nl${rs_ip%/*} "*) rs_src=${rs_ways##*"$nl${rs_ip%/*} "} && rs_src=${rs_src%%"$nl"*} && rs_src=${rs_src#* src } && rs_src=${rs_src%% *} ;;
        *) rs_src= ;;
      esac
      case "$rs_own" in
        *" inet $rs_src/"*) rs_want="$rs_want $rs_ip@$rs_src" ;;
        *) rs_rc=3 ;;
      esac
    done
  fi
  for rs_ip in $rs_to6; do rs_want="$rs_want $rs_ip@$rs_from6"; done
  rs_have=' '
  while read -r rs_ip rs_src; do
    case $rs_ip:$rs_src in
      :*) ;;
      *'src '*) rs_src=${rs_src#*src } && rs_have="$rs_have$rs_ip@${rs_src%% *} " ;;
      *) rs_have="$rs_have$rs_ip@ " ;;
    esac
  done <<END
$(ip -4 -o route show dev "$1" proto $route_proto)
$([ -z "$rs_from6" ] || ip -6 -o route show dev "$1" proto $route_proto)
END
  for rs_r in $rs_want; do
    case "$rs_have" in *" $rs_r "*) continue ;; esac
    [ "${2:-}" != check ] || return 4
    if ip route replace "${rs_r%@*}" dev "$1" src "${rs_r#*@}" proto $route_proto; then
      say "route to ${rs_r%@*} over $1"
    else rs_rc=1; fi
  done
  for rs_r in $rs_have; do
    case "$rs_want " in *" ${rs_r%@*}@"*) continue ;; esac
    [ "${2:-}" != check ] || return 4
    ip route del "${rs_r%@*}" dev "$1" proto $route_proto && say "no more route to ${rs_r%@*} over $1"
  done
  return $rs_rc
}
