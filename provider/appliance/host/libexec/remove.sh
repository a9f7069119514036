#!/bin/sh
# managed by pulumi-macvlan
# Sourced by `appliance`: what goes when an appliance goes, and nothing else of what Docker has.
# shellcheck disable=SC2154  # name, live, keep, work: appliance; etc, var, run, label: lib.sh

# Lines "ID APPLIANCE" of every container of the Compose project of this name, whoever made it.
project_owners() { dk ps -a --no-trunc --filter "label=com.docker.compose.project=$name" --format "{{.ID}} {{.Label \"$label\"}}"; }

# By Compose if its files are there, since it knows the order; whatever is left, or all if somebody else has a project of this name, by label.
remove_containers() { # DELETE_VOLUMES
  rc_owners=$(project_owners 2>"$work/said") || {
    docker_answers || log 3 "$name: Docker does not answer: start it (systemctl start docker). $docker_says"
    return 1
  }
  rc_done=
  if [ -n "$rc_owners" ] && ! echo "$rc_owners" | grep -qv " $name\$" && [ -f "$live/compose.yaml" ] && [ -f "$live/pins.yaml" ]; then
    rc_volumes=
    [ "$1" != 1 ] || rc_volumes=-v
    # shellcheck disable=SC2086
    if compose "$live" 300 down --remove-orphans $rc_volumes >"$work/said" 2>&1; then rc_done=1; else quiet <"$work/said" | quoted; fi
    rc_owners=$(project_owners) || return 1
  fi
  rc_ids=$(echo "$rc_owners" | sed -n "s/ $name\$//p")
  if [ -n "$rc_ids" ]; then
    # shellcheck disable=SC2086
    dk_in 120 stop $rc_ids >/dev/null 2>&1
    # shellcheck disable=SC2086
    dk rm -f $rc_ids >/dev/null 2>"$work/said" || grep -v 'No such container' "$work/said" | quoted
    rc_owners=$(project_owners) || return 1
    ! echo "$rc_owners" | grep -q " $name\$" || return 1
    rc_done=
  fi
  [ -z "$rc_owners" ] || return 0 # the rest is somebody else's
  [ -z "$rc_done" ] || return 0
  for rc in $(dk network ls -q --filter "label=com.docker.compose.project=$name"); do dk network rm "$rc" >/dev/null 2>&1 || warn "$name: the network $rc is still in use, left"; done
  [ "$1" = 1 ] || return 0
  for rc in $(dk volume ls -q --filter "label=com.docker.compose.project=$name"); do dk volume rm "$rc" >/dev/null 2>&1 || warn "$name: the volume $rc is still in use, left"; done
}

# Images that were pulled for it and that no container uses. One that another appliance uses is noted as that one's, to go with it.
# The lock is over all appliances: two that go at once must not each leave an image to the other.
remove_images() {
  [ -f "$keep/images" ] || return 0
  (
    flock -w 300 8 || exit 1
    while IFS= read -r ri; do
      ! dk rmi "$ri" >/dev/null 2>"$work/said" || continue
      case $(cat "$work/said") in
        *[Nn]'o such image'*) continue ;;
        *conflict* | *'in use'* | *'being used'*) ;;
        *)
          log 3 "$name: the image $ri cannot be removed:"
          quoted <"$work/said"
          exit 1
          ;;
      esac
      for ri_other in $(dk ps -a --filter "ancestor=$ri" --format "{{.Label \"$label\"}}" | sort -u); do
        if [ "$ri_other" = "$name" ] || [ ! -f "$etc/appliances/$ri_other/appliance.conf" ]; then continue; fi
        mkdir -p "$var/appliances/$ri_other" && echo "$ri" >>"$var/appliances/$ri_other/images"
        break
      done
    done <"$keep/images"
    rm -rf "$keep"
  ) 8>"$run/images.lock"
}
