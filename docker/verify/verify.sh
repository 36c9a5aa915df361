#!/usr/bin/env bash
# Runs what README says "With Docker", literally, and then everything that may happen to it: `npm run docker:verify [-- --stand-ins]`.
# One line for each step, with its time; the last line is `ok`, or what failed. It works on a copy of this checkout and in a project of
# its own, which it removes. With --stand-ins it starts an engine of its own, for a machine that reaches no image registry: see
# engine.sh and stand-ins.sh. Numbers are those of the mistakes that the step would find again.
set -uo pipefail
here=$(dirname "$(realpath "$0")") root=$(realpath "$(dirname "$0")/../..")
. "$here/steps.sh"
. "$here/containers.sh"

folder=${FRIEND_SYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/friend-sync}/docker
mkdir -p "$folder"
log=$folder/verify.log checkout=$folder/checkout
: >"$log"
own_engine=
if [ "${1:-}" = --stand-ins ]; then
  own_engine=yes
  export DOCKER_HOST=unix://$folder/docker.sock DOCKER_CONFIG=$folder/client
  step 'an engine of our own' "$here/engine.sh" restart "$folder"
  docker compose version &>/dev/null || step 'Compose, from its Go module' "$here/compose.sh" 2.40.3 "$DOCKER_CONFIG/cli-plugins"
  step 'stand-ins for the official images' "$here/stand-ins.sh" "$folder/stand-ins"
fi
docker info &>>"$log" || fail 'no engine answers; with --stand-ins this starts one of its own'
say "engine $(docker version --format '{{.Server.Version}}'), Compose $(docker compose version --short)"

export COMPOSE_PROJECT_NAME=friend-sync-verify
unset FRIEND_SYNC_SECRETS
trap finish EXIT
rm -rf "$checkout" && mkdir -p "$checkout"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$checkout")
cd "$checkout" || exit 1
finish_project
before=$(anonymous_volumes)

mapfile -t commands < <(readme 1)
for command in "${commands[@]::${#commands[@]}-1}"; do
  case $command in
    *SELECT*) step "README: $command" until_true 60 shows_name "$command" ;;
    *) step "README: $command" bash -c "$command" ;;
  esac
done
step 'MySQL says which it is' server_versions
step '3: one service builds each image' one_builder
step '6: what the documented client writes is UTF-8' is_utf8
step 'a change arrives' change_arrives 'a change'
step '8: a command is not asked whether it is a daemon' no_check_of_command
step '9: every log is bounded, and Connect writes no access lines' bounded_logs
step 'sync-service: user, root file system, capabilities, no new privileges' hardened sync-service 1000
step '10: connect: the same' hardened connect 10001
step '10: the image carries no other program' only_ours
step 'our own share of the images' own_shares
step 'memory of sync-service below 128 MiB, once it has settled' until_true 180 memory_below 128
for part in sync-service connect kafka friend-mysql user-mysql registry; do
  step "$part is killed: the engine restarts it, a change arrives" crash_heals "$part"
done
name='beside crashes'
step '11: up, beside a Connect that is being restarted' up_beside_crashes "$name"
if [ "$own_engine" ]; then
  name='after the engine'
  step 'the engine is restarted: a change arrives' restart_engine "$name"
fi
step 'verify' docker compose run --rm cli verify
step 'no secret in logs, inspect, history, layers' no_secret_shown
step "README: ${commands[-1]}" bash -c "${commands[-1]}"
step 'up again: what was stored is there' up_again "$name"
step '7: no anonymous volume is left' no_volume_left
step 'down --volumes leaves no volume' all_volumes_go

step '2, 4: each secret: missing, empty, unreadable, a folder' bad_secrets
step '2: passwords with quotes and a newline at the end' odd_secrets
step '5: a server whose init failed is not healthy at its second start' failed_init
step "README: own servers in place of the example's" own_servers
say ok
