#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `appliance`: what it asks of Docker, of Compose and of the container's own network to start an appliance and to verify it.
# A start of Docker's client costs a third of a second on a slow host: one call asks for as much as it can.
# shellcheck disable=SC2154  # name, live, keep, work: appliance; etc, var, run, label: lib.sh
# shellcheck disable=SC2016  # Docker's templates are not for the shell

dk_in() { # SECONDS ARGUMENT...
  dk_limit=$1
  shift
  timeout -k 5 "$dk_limit" docker "$@" </dev/null
}
dk() { dk_in 90 "$@"; }
quiet() { grep -v -e '^time=.*level=\(warning\|info\|debug\)' -e '^[[:space:]]*$'; }

# Compose on the version in DIR. Relative paths are those of its files/ folder. Secrets are in the environment of this one process, which
# only root can read. A file descriptor on the lock goes along: if this script is killed, the next run waits until Compose is done.
compose() ( # DIR SECONDS ARGUMENT...
  cp_dir=$1 cp_limit=$2
  shift 2
  unset COMPOSE_FILE COMPOSE_PROFILES COMPOSE_PROJECT_NAME COMPOSE_ENV_FILES COMPOSE_PATH_SEPARATOR COMPOSE_REMOVE_ORPHANS
  MACVLAN_SECRETS=$(secrets_version "$cp_dir")
  export MACVLAN_SECRETS COMPOSE_ANSI=never COMPOSE_MENU=false
  # shellcheck disable=SC1091
  [ ! -f "$cp_dir/secrets.sh" ] || . "$cp_dir/secrets.sh"
  exec timeout -k 20 "$cp_limit" docker compose --progress quiet --project-directory "$cp_dir/files" \
    -f "$cp_dir/compose.yaml" -f "$cp_dir/pins.yaml" -p "$name" "$@" </dev/null
)

load() { # DIR: its appliance.conf
  unset NAME NETWORK PARENT SERVICE DRIVER IP IP6 MAC CONTAINER READY_TIMEOUT RESTART
  # shellcheck disable=SC1091
  . "$1/appliance.conf" || return 1
  CONTAINER=${CONTAINER:-$name} READY_TIMEOUT=${READY_TIMEOUT:-120} IP6=${IP6:-} RESTART=${RESTART-unless-stopped}
  DRIVER=${DRIVER:-macvlan} MAC=${MAC:-} # with ipvlan the MAC is the NIC's, and none is pinned
  [ "${NAME:-}" = "$name" ] && [ -n "${NETWORK:-}" ] && [ -n "${PARENT:-}" ] && [ -n "${SERVICE:-}" ] && [ -n "${IP:-}" ] && { [ -n "$MAC" ] || [ "$DRIVER" = ipvlan ]; }
}

# The first lines, without what is secret in this version or the one before, indented under what was said.
quoted() {
  redact "$live/secrets.sh" | redact "$work/new/secrets.sh" | redact "$keep/previous/secrets.sh" | head -n 40 | sed "s|$work/new/||g; s|$live/||g; s/^/  /" >&2
}

docker_answers() { docker_says=$(dk_in 20 version -f '{{.Server.Version}}' 2>&1 >/dev/null); }

# --- before anything is touched ---

# Fields: id | name | project | its folder | appliance | state | networks as NAME,IP,MAC,CONFIGURED-IP and further addresses (IPv6). A container that vanishes
# between the two calls is no failure.
all_containers() {
  ac_ids=$(dk ps -aq --no-trunc) || return 1
  [ -n "$ac_ids" ] || return 0
  # shellcheck disable=SC2086
  dk inspect --type container -f '{{.ID}}|{{.Name}}|{{index .Config.Labels "com.docker.compose.project"}}|{{index .Config.Labels "com.docker.compose.project.working_dir"}}|{{index .Config.Labels "pulumi-macvlan.appliance"}}|{{.State.Status}}|{{range $n, $e := .NetworkSettings.Networks}}{{$n}},{{$e.IPAddress}},{{$e.MacAddress}},{{with $e.IPAMConfig}}{{.IPv4Address}}{{end}}{{if $e.GlobalIPv6PrefixLen}},{{$e.GlobalIPv6Address}}{{end}}{{with $e.IPAMConfig}}{{if not (eq (print .IPv6Address) "" "invalid IP")}},{{.IPv6Address}}{{end}}{{end}} {{end}}' $ac_ids 2>/dev/null
  return 0
}

# Another appliance of this host with the same pins, whether it runs or not.
check_pins() {
  for cp in $(appliances); do
    [ "$cp" != "$name" ] || continue
    [ "$(conf "$etc/appliances/$cp/appliance.conf" IP)" != "$IP" ] ||
      die "$name: $IP is the address of the appliance $cp on this host: choose another, or remove $cp first, in a run of its own"
    [ -z "$IP6" ] || [ "$(conf "$etc/appliances/$cp/appliance.conf" IP6)" != "$IP6" ] ||
      die "$name: $IP6 is the address of the appliance $cp on this host: choose another, or remove $cp first, in a run of its own"
    [ -z "$MAC" ] || [ "$(conf "$etc/appliances/$cp/appliance.conf" MAC)" != "$MAC" ] ||
      die "$name: $MAC is the MAC of the appliance $cp on this host: choose another, or remove $cp first, in a run of its own"
  done
}

check_host() {
  ch=$(dk network inspect -f '{{.Driver}} {{index .Options "parent"}}' "$NETWORK" 2>"$work/said") || {
    docker_answers || die "$name: Docker does not answer: $docker_says"
    die "$name: Docker has no network $NETWORK: create it first. $(tail -n 1 "$work/said")"
  }
  case $ch in
    "$DRIVER $PARENT") ;;
    "$DRIVER "*) die "$name: the Docker network $NETWORK is on ${ch#* }, not on $PARENT: name the network that is on $PARENT" ;;
    *) die "$name: the Docker network $NETWORK is of the kind ${ch%% *}, where $DRIVER is wanted: name a network of that driver on $PARENT" ;;
  esac
  all_containers >"$work/containers" || die "$name: Docker does not list its containers"
  ch=
  [ ! -f "$live/appliance.conf" ] || ch=$(conf "$live/appliance.conf" CONTAINER)
  : >"$work/strays"
  awk -F '|' -v name="$name" -v container="/$CONTAINER" -v folder="$live/files" -v network="$NETWORK" -v ip="$IP" -v ip6="$IP6" -v mac="$MAC" \
    -v here="/${ch:-$name}" -v applied="$([ ! -f "$live/appliance.conf" ] || echo 1)" -v strays="$work/strays" '
    function refuse(what) { print what; bad = 1 }
    function pinned(   count, end, f, i) {
      count = split($7, end, " ")
      for (i = 1; i <= count; i++) {
        split(end[i], f, ",")
        if (f[1] == network && (f[2] == ip || f[4] == ip) && (f[3] == "" || mac == "" || tolower(f[3]) == mac)) return 1
      }
      return 0
    }
    # ours, or of a version of ours whose files are gone
    $3 == name && ($4 == folder || $5 == name) { next }
    { who = substr($2, 2) " (" substr($1, 1, 12) ")" }
    # Ours made anew by something that knows no Compose (Portainer, an updater, docker run): by our label, or under the name of an
    # appliance that is on this host, with all of its pins. Compose would not know it as its own.
    $3 == "" && ($5 == name || ($5 == "" && applied && $2 == here && pinned())) { print $1, who >strays; next }
    $3 == name { refuse("the Compose project " name " is there already, made from " $4 ", with the container " who ": choose another name for the appliance, or take that project down first (docker compose -p " name " down)"); next }
    $2 == container { refuse("there is a container " who " of that name, not ours: rename it (docker rename), remove it, or give the service another container_name") }
    {
      count = split($7, end, " ")
      for (i = 1; i <= count; i++) {
        fields = split(end[i], f, ",")
        for (j = 5; j <= fields; j++) if (f[1] == network && f[j] == ip6) {
          refuse("the container " who " has the address " ip6 " on " network ": stop and remove it, or choose another ip6")
          break
        }
        if (f[1] == network && (f[2] == ip || f[4] == ip)) refuse("the container " who " has the address " ip " on " network ": stop and remove it, or choose another ip")
        if (mac != "" && tolower(f[3]) == mac) refuse("the container " who " has the MAC " mac " on " f[1] ": stop and remove it, or choose another mac")
      }
    }
    END { exit bad }' "$work/containers" >"$work/refused" || {
    while IFS= read -r ch; do log 3 "$name: $ch"; done <"$work/refused"
    exit 1
  }
}

# `config --images` reads, interpolates and validates everything, and prints what `config -q` would not.
check_version() {
  compose "$work/new" 60 config --images >"$work/images" 2>"$work/said" || {
    log 3 "$name: Compose does not accept it:"
    quiet <"$work/said" | quoted
    exit 1
  }
}

# What is missing is pulled while the version before still runs, so that a wrong tag or a registry that is down changes nothing. An image
# that was not there is noted before it is pulled: it goes when the appliance goes.
fetch_images() {
  sort -u "$work/images" | grep . >"$work/wanted"
  # shellcheck disable=SC2046
  ! dk_in 30 image inspect -f x $(cat "$work/wanted") >/dev/null 2>&1 || return 0
  mkdir -p "$keep" || die "$name: cannot make $keep"
  while IFS= read -r fe; do
    ! dk image inspect -f x "$fe" >/dev/null 2>&1 || continue
    grep -qxF "$fe" "$keep/images" 2>/dev/null || echo "$fe" >>"$keep/images"
    say "$name: pulling $fe"
    dk_in 3600 pull -q "$fe" >/dev/null 2>"$work/said" && continue
    log 3 "$name: the image $fe cannot be pulled; nothing was changed:"
    quoted <"$work/said"
    grep -vxF "$fe" "$keep/images" >"$work/kept"
    put "$work/kept" "$keep/images" 600
    [ -f "$live/appliance.conf" ] || remove_images
    exit 1
  done <"$work/wanted"
}

# --- start and verify ---

# Fields: service | id | pid | state | health | time of start | restarts | exit code | policy | networks | error. It must be {{.ID}}: {{.Id}} makes
# Docker's client render the template on the raw JSON, where the Health of a container without health check is an error (26.1.5).
project_rows() { # ID...
  dk inspect --type container -f '{{index .Config.Labels "com.docker.compose.service"}}|{{.ID}}|{{.State.Pid}}|{{.State.Status}}|{{with .State.Health}}{{.Status}}{{else}}none{{end}}|{{.State.StartedAt}}|{{.RestartCount}}|{{.State.ExitCode}}|{{.HostConfig.RestartPolicy.Name}}|{{range $n, $e := .NetworkSettings.Networks}} {{$n}},{{$e.IPAddress}},{{$e.MacAddress}}{{if $e.GlobalIPv6PrefixLen}},{{$e.GlobalIPv6Address}}{{end}}{{end}} |{{.State.Error}}' "$@" >"$work/rows" 2>/dev/null
}
project_ids() { dk ps -aq --no-trunc --filter "label=$label=$name" --filter "label=com.docker.compose.project=$name"; }

# 0: all is as it should be; 1: not yet; 2: it will not be. Says why in $work/why.
# Compose's --wait is not enough: to 2.26.1 a container without health check counts as healthy even while it restarts for ever, and one that
# ends well (a step of preparation) must not count as a failure. So: healthy; without a health check 3 seconds up, after a crash 10.
settled() {
  while IFS='|' read -r se_service se_id _ se_state se_health se_start se_restarts se_code se_policy _ se_error; do
    [ -n "$se_id" ] || continue # inspect prints an empty line for a container that is gone
    case $se_state in
      running)
        case $se_health in
          healthy) ;;
          unhealthy) echo "2 $se_id $se_service is unhealthy" ;;
          none)
            if [ "$se_restarts" = 0 ]; then se_need=3 se_why="has just started"; else se_need=10 se_why="keeps ending ($se_restarts times)"; fi
            [ $(($(date +%s) - $(date -d "$se_start" +%s))) -ge $se_need ] || echo "1 $se_id $se_service $se_why"
            ;;
          *) echo "1 $se_id $se_service is not healthy yet" ;;
        esac
        ;;
      exited)
        if [ "$se_code" = 0 ] && [ "$se_service" != "$SERVICE" ]; then
          case $se_policy in no | on-failure | '') continue ;; esac
        fi
        echo "2 $se_id $se_service ended with code $se_code${se_error:+: $se_error}"
        ;;
      restarting) echo "1 $se_id $se_service keeps ending with code $se_code${se_error:+: $se_error}" ;;
      *) echo "2 $se_id $se_service is $se_state${se_error:+: $se_error}" ;;
    esac
    [ "$se_restarts" -lt 4 ] || echo "2 $se_id $se_service ended $se_restarts times, the last time with code $se_code"
  done <"$work/rows" >"$work/why"
  [ -s "$work/why" ] || return 0
  ! grep -q '^2' "$work/why" || return 2
  return 1
}

attached() { ! awk -F '|' -v service="$SERVICE" '$1 == service { print $10 }' "$work/rows" | grep -qvF " $NETWORK,"; }

# The pins, as Docker says and as the kernel says inside the container: Docker's word stays the same when a NIC takes its macvlans away.
# Prints what is wrong.
pinned() {
  pi_pid=$(awk -F '|' -v service="$SERVICE" -v network="$NETWORK" -v ip="$IP" -v ip6="$IP6" -v mac="$MAC" '
    $1 == service { count++; pid = $3 }
    { ends = split($10, end, " "); for (e = 1; e <= ends; e++) if (index(end[e], network ",") == 1) lan = lan " " end[e] }
    END {
      if (count != 1) print "the service " service " has " count + 0 " containers instead of one"
      else if (lan != " " network "," ip "," mac (ip6 == "" ? "" : "," ip6))
        print "on " network " Docker has" (lan == "" ? " nothing" : lan) ", where one container with " ip (ip6 == "" ? "" : ", " ip6) (mac == "" ? "" : " and " mac) " is wanted"
      else print pid
    }' "$work/rows")
  case $pi_pid in '' | *[!0-9]*) echo "$pi_pid" && return 1 ;; esac
  printf 'link show type %s\naddr show\nroute show default\n' "$DRIVER" | timeout 10 nsenter -t "$pi_pid" -n ip -o -batch - 2>&1 |
    awk -v service="$SERVICE" -v ip="$IP" -v ip6="$IP6" -v mac="$MAC" -v link="$PARENT" -v nic="$(below "$PARENT")" '
      / link\/ether / { count++; device = below = $2; sub(/[@:].*/, "", device); gsub(/^.*@if|:$/, "", below); at = $0; sub(/.* link\/ether /, "", at); sub(/ .*/, "", at); next }
      $3 == "inet" { split($4, address, "/"); if (address[1] == ip) on = $2; next }
      $3 == "inet6" { split($4, address, "/"); if (address[1] == ip6) on6 = $2; next }
      /^default / { for (f = 1; f < NF; f++) if ($f == "dev") way = $(f + 1); next }
      END {
        if (count != 1) print "inside the container there are " count + 0 " LAN interfaces instead of one"
        else if (mac != "" && at != mac) print "inside the container the MAC is " at " instead of " mac
        else if (nic != "" && below != nic) print "inside the container " device " is on another NIC than " link
        else if (on != device) print "inside the container " device " does not have " ip
        else if (ip6 != "" && on6 != device) print "inside the container " device " does not have " ip6
        else if (way != "" && way != device) print "inside the container the default route is not on the LAN: Docker took another network of " service " for it"
        else exit 0
        exit 1
      }'
}

# Two calls of Docker's client decide that there is nothing to do.
running_as_pinned() {
  rp_ids=$(project_ids) && [ -n "$rp_ids" ] || return 1
  # shellcheck disable=SC2086
  project_rows $rp_ids && settled && pinned >"$work/why"
}

# By this policy Docker starts it at a boot; Compose does not compare it.
set_policy() {
  [ -n "$RESTART" ] || return 0
  awk -F '|' -v service="$SERVICE" -v policy="${RESTART%%:*}" '$1 == service && $9 != policy { print $2 }' "$work/rows" | while read -r po_id; do
    dk update --restart "$RESTART" "$po_id" >/dev/null && say "$name: its restart policy is $RESTART again"
  done
}

# Starts the version in $live and says why if it does not become what it should be. Compose compares configurations and is content with a
# container that has lost its network or its MAC, so what has come up without its pins is made anew, once.
start_verified() { # [--force-recreate [--no-deps SERVICE]]
  say "$name: starting"
  free_way
  start_once "$@"
  sv=$?
  [ $sv = 3 ] || return $sv
  if [ -z "${1:-}" ]; then
    say "$name: $sv_why; its container is made anew"
    start_once --force-recreate --no-deps "$SERVICE"
    sv=$?
    [ $sv = 3 ] || return $sv
  fi
  log 3 "$name: $sv_why"
  return 1
}
# What Compose would stumble over.
free_way() {
  [ -f "$work/containers" ] || return 0
  while read -r fw_id fw_who; do
    say "$name: the container $fw_who, which is ours, was made anew by something else than Compose; it is replaced"
    dk_in 120 stop "$fw_id" >/dev/null 2>&1
    dk rm -f "$fw_id" >/dev/null 2>&1
  done <"$work/strays"
  awk -F '|' -v name="$name" '$5 == name && $6 == "paused" { print $1 }' "$work/containers" | while read -r fw_id; do
    dk unpause "$fw_id" >/dev/null 2>&1 && say "$name: was paused, runs again"
  done
}
# 3: only a new container would help; $sv_why says why
start_once() { # [--force-recreate...]
  [ -n "${1:-}" ] || set -- --remove-orphans
  if ! compose "$live" $((READY_TIMEOUT + 300)) up -d --quiet-pull "$@" >"$work/said" 2>&1; then
    # bound to a network that was removed since
    sv_why=$(sed -n 's/.*\(network [0-9a-f]\{64\} not found\).*/\1/p' "$work/said" | tail -n 1)
    [ -z "$sv_why" ] || return 3
    log 3 "$name: Compose could not start it:"
    quiet <"$work/said" | tail -n 20 | quoted
    ! grep -q 'network id .* not found' "$work/said" ||
      log 3 "$name: Docker has lost hold of the network $NETWORK (its parent was missing when Docker started); do: systemctl reload macvlan-appliances"
    sv_ids=$(project_ids)
    # shellcheck disable=SC2086
    [ -z "$sv_ids" ] || { project_rows $sv_ids && ! settled && show_logs; }
    return 1
  fi
  sv_ids=$(project_ids)
  if [ -z "$sv_ids" ]; then
    log 3 "$name: Compose started nothing"
    return 1
  fi
  # from here on, since ending the version before may itself take a while (stop_grace_period)
  sv_begun=$(uptime_s)
  while :; do
    # shellcheck disable=SC2086
    project_rows $sv_ids
    # Docker 29 forgets the network of a container that could not join it, and starts it without (moby#51758)
    attached || { sv_why="its container is not on network $NETWORK" && return 3; }
    settled
    sv=$?
    sv_waited=$(($(uptime_s) - sv_begun))
    sv_left=$((READY_TIMEOUT - sv_waited))
    if [ "$sv" != 1 ] || [ $sv_left -le 0 ]; then break; fi
    # rarer the longer it takes: many that wait at once would take the CPU from what they wait for
    sv_pause=$((1 + (sv_waited < 36 ? sv_waited : 36) / 4))
    sleep $((sv_pause < sv_left ? sv_pause : sv_left))
  done
  if [ "$sv" != 0 ]; then
    [ "$sv" = 2 ] || log 3 "$name: not ready after $READY_TIMEOUT s:"
    show_logs
    return 1
  fi
  sv_why=$(pinned) || return 3
}

# Why, and the last words, of each container that is not as it should be.
show_logs() {
  sort -u -k2,2 "$work/why" | while read -r _ sl_id sl_why; do
    log 3 "$name: $sl_why; its last words:"
    dk logs --tail 20 "$sl_id" 2>&1 | cut -c1-400 | quoted
    dk inspect -f '{{with .State.Health}}{{if eq .Status "unhealthy"}}{{with .Log}}{{range $i, $l := .}}{{if and (not $i) $l.Output}}health check: {{$l.Output}}{{end}}{{end}}{{end}}{{end}}{{end}}' "$sl_id" 2>/dev/null | grep . | cut -c1-400 | quoted
  done
}

# --- the way out ---

# Whether a neighbour answers, asked anew and for as long as the kernel asks (3 s).
answers() { # DEVICE IP [COMMAND...]: the command runs ip where the device is
  an_device=$1 an_ip=$2 an_left=17
  shift 2
  timeout 10 "$@" ip neigh replace "$an_ip" dev "$an_device" use >/dev/null 2>&1 || return 1
  while [ $an_left -gt 0 ]; do
    case $(timeout 10 "$@" ip neigh show "$an_ip" dev "$an_device") in
      *lladdr*) return 0 ;;
      *FAILED*) return 1 ;;
    esac
    an_left=$((an_left - 1))
    sleep 0.2
  done
  return 1
}

# A switch or a hypervisor that lets no further MAC through cannot be seen from the host, only from behind the new MAC.
check_way_out() {
  wo_pid=$(awk -F '|' -v service="$SERVICE" '$1 == service { print $3 }' "$work/rows")
  wo=$(timeout 10 nsenter -t "$wo_pid" -n ip -o route show default | sed -n 's/^default via \([0-9.]*\) dev \([^ ]*\) .*/\1 \2/p' | head -n 1)
  [ -n "$wo" ] || return 0
  ! answers "${wo#* }" "${wo% *}" nsenter -t "$wo_pid" -n || return 0
  if wo_nic=$(lower "$PARENT") && answers "$wo_nic" "${wo% *}"; then
    [ -n "$MAC" ] ||
      { warn "$name: the gateway ${wo% *} answers this host but not $IP: something between them lets no further address through, such as an access point or a cloud that knows the addresses of each machine" && return; }
    warn "$name: the gateway ${wo% *} answers this host but not $MAC: something between them lets no further MAC through. Allow more addresses on the switch port (port security, MAC limit), or on a virtual machine promiscuous mode, MAC spoofing or forged transmits"
  else
    warn "$name: the gateway ${wo% *} does not answer: $IP is cut off from everything beyond its own subnet"
  fi
}

# --- routes ---

routes() { # LINK...
  for rt in $(printf '%s\n' "$@" | sort -u); do
    routes_sync "$rt"
    case $? in
      0) ;;
      3) warn "$name: the host has no address on the NIC under $rt yet; the route comes with it" ;;
      *) warn "$name: the host's route to $IP over $rt could not be set" ;;
    esac
  done
}
