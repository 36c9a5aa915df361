# Sourced by verify.sh: what its steps do to the containers.

id() { docker compose ps --all --quiet "$1"; }
sql() { # SERVICE SECRET DATABASE, SQL from stdin
  docker compose exec -T "$1" sh -c "mysql --skip-column-names --default-character-set=utf8mb4 -p\"\$(cat /run/secrets/$2)\" $3"
}
user() { sql user-mysql user-root-password user_db; }
friend() { sql friend-mysql friend-root-password friend_db; }
anonymous_volumes() { docker volume ls --quiet | grep -Ec '^[0-9a-f]{64}$'; }
finish_project() {
  docker compose --profile '*' down --volumes --remove-orphans
  docker compose -p friend-sync-own --profile '*' down --volumes --remove-orphans
} &>>"$log"
finish() {
  finish_project
  [ -z "$own_engine" ] || "$here/engine.sh" stop "$folder"
}

shows_name() { bash -c "$1" | tee -a "$log" | grep -q 'Änne 安'; }
is_utf8() { [ "$(echo "SELECT HEX(nick_name) FROM im_user WHERE id = 1" | user)" = C3846E6E6520E5AE89 ]; }
server_versions() { echo 'SELECT CONCAT("MySQL ", VERSION())' | user >&3; }

has_name() { [ "$(echo "SELECT COUNT(*) FROM im_friend WHERE friend_nick_name = '$1'" | friend)" = 2 ]; }
change() { echo "UPDATE im_user SET nick_name = '$1' WHERE id = 1" | user; }
# Only a hang takes so long, on the slowest machine.
change_arrives() {
  until_true 600 change "$1" || return
  local began=$EPOCHREALTIME
  until_true 600 has_name "$1" && echo "copies equal after $(seconds_since "$began") s" >&3
}

one_builder() {
  docker compose --profile '*' config --format json | node -e '
    const { services } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const built = Object.values(services).filter(({ build }) => build).map(({ image }) => image);
    process.exit(new Set(built).size === built.length ? 0 : 1);'
}

no_check_of_command() {
  local container
  container=$(docker compose run --detach --rm --entrypoint sleep cli 30) || return
  [ "$(docker inspect --format '{{.Config.Healthcheck.Test}}' "$container")" = '[NONE]' ] && docker kill "$container"
}

bounded_logs() {
  local container
  for container in $(docker compose ps --quiet); do
    [ "$(docker inspect --format '{{index .HostConfig.LogConfig.Config "max-size"}}' "$container")" ] || return
  done
  ! docker compose logs connect | grep -E '"(GET|PUT|POST) '
}

hardened() { # SERVICE USER
  docker compose exec -T "$1" bash -c '
    [ "$(id -u)" = "$0" ] && grep -E "^[^ ]+ / [^ ]+ ro," /proc/mounts && grep "^CapEff:.*0000000000000000" /proc/1/status && grep "^NoNewPrivs:.*1" /proc/1/status' "$2"
}

only_ours() {
  local found
  found=$(docker run --rm --entrypoint sh friend-sync -c 'ls; find . -xtype l') && [ "$(xargs <<<"$found")" = 'cli connectors node_modules package.json sync-service' ]
}

# Of its files: an engine with containerd's image store counts the compressed layers too.
size() { echo $(($(docker run --rm --user root --entrypoint find "$1" / -xdev -type f -printf %s+)0)); }
own_shares() { # MB: what the image adds to its base
  local base jre service connect
  base=$(sed -n 's/^ARG BASE=//p' docker/sync-service.Dockerfile) jre=$(sed -n 's/^ARG JRE=//p' docker/connect.Dockerfile)
  service=$((($(size friend-sync) - $(size "$base")) / 1000000)) connect=$((($(size friend-sync-connect) - $(size "$jre")) / 1000000))
  echo "friend-sync $service MB, friend-sync-connect $connect MB" >&3
  [ $service -lt 50 ] && [ $connect -lt 120 ]
}

memory_below() { # MiB
  docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' | tee -a "$log" | sed -n 's/.*sync-service-1 \([0-9]*\).*MiB \/.*/\1/p' |
    { read -r used && [ "$used" -lt "$1" ] && echo "$used MiB" >&3; }
}

# The process, not the container: what `docker kill` ends is not restarted. From a container, so that the engine may be elsewhere.
crash() {
  docker run --rm --pid=host --entrypoint bash mysql:8.4 -c "kill -9 $(docker inspect --format '{{.State.Pid}}' "$(id "$1")")"
}
crash_heals() { crash "$1" && change_arrives "after $1"; }

up() { docker compose up --detach --wait sync-service; }
restarting() { [ "$(docker inspect --format '{{.State.Restarting}}' "$(id connect)")" = true ]; }
# The engine waits longer after each crash.
up_beside_crashes() {
  for _ in {1..6}; do
    until_true 30 eval '[ "$(docker inspect --format "{{.State.Pid}}" "$(id connect)")" != 0 ]' && crash connect
  done
  until_true 10 restarting && up && change_arrives "$1"
}

restart_engine() { "$here/engine.sh" restart "$folder" && change_arrives "$1"; }

secrets_shown() { grep --text --quiet --fixed-strings --file=<(cat docker/example-secrets/*); }
no_secret_shown() {
  docker compose logs >"$folder/shown" 2>&1
  docker compose ps --all --quiet | xargs docker inspect >>"$folder/shown"
  for image in friend-sync friend-sync-connect; do
    docker history --no-trunc "$image" >>"$folder/shown"
    # Some engines store layers compressed.
    # Not in the pipe, which is a failure as soon as grep has found one; and not with -O, which overrides --to-command.
    secrets_shown < <(docker save "$image" | tar -x --to-command='gzip -dcf' 2>/dev/null) && return 1
  done
  ! secrets_shown <"$folder/shown"
}

up_again() { up && has_name "$1"; }
no_volume_left() { [ "$(anonymous_volumes)" = "$before" ]; }
all_volumes_go() {
  docker compose --profile '*' down --volumes && [ -z "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")" ]
}

copy_secrets() { # FOLDER
  rm -rf "$1" && mkdir -m 0700 "$1" && cp docker/example-secrets/* "$1" && chmod 0644 "$1"/* && export FRIEND_SYNC_SECRETS=$PWD/${1#"$PWD/"}
}
# Each container that is given the secret ends at once, and names it.
bad_secrets() {
  local secret kind service said
  for secret in docker/example-secrets/*; do
    secret=${secret##*/}
    for kind in missing empty unreadable folder; do
      copy_secrets secrets && rm "secrets/$secret"
      case $kind in
        empty) : >"secrets/$secret" ;;
        unreadable) cp "docker/example-secrets/$secret" secrets/ && chmod 0600 "secrets/$secret" ;;
        folder) mkdir "secrets/$secret" ;;
      esac
      case $secret in
        user-root-password) set -- user-mysql ;;
        friend-root-password) set -- friend-mysql ;;
        source-password) set -- user-mysql connect cli ;;
        target-password) set -- friend-mysql cli ;;
        late-copies-password) set -- friend-mysql connect ;;
      esac
      for service in "$@"; do
        # root reads it all the same.
        [[ $kind != unreadable || $service != *-mysql ]] || continue
        case $service in
          *-mysql) said=$(docker compose run --rm --no-deps "$service" true 2>&1) ;;
          cli) said=$(docker compose run --rm cli settings 2>&1) ;;
          *) said=$(timeout 60 docker compose run --rm --no-deps "$service" 2>&1) ;;
        esac && { echo "$service starts with $secret: $kind" && return 1; }
        echo "$said"
        grep -q "$secret" <<<"$said" || { echo "$service does not name $secret: $kind" && return 1; }
        [ $kind != unreadable ] || grep -Eq 'let (everybody|this user) read' <<<"$said" || { echo "$service does not say what to do" && return 1; }
      done
    done
  done
}

odd_secrets() {
  copy_secrets secrets
  for secret in source target late-copies; do printf '%s\n' "a'b\"c\\d \$x\`y $secret" >"secrets/$secret-password"; done
  printf 'root\n' | tee secrets/user-root-password >secrets/friend-root-password
  up && docker compose run --rm cli backfill --all --wait && docker compose run --rm cli verify && change_arrives odd && docker compose down --volumes
}

answers_by_tcp() { docker compose exec -T user-mysql mysqladmin ping --host=127.0.0.1 --silent; }
failed_init() {
  sed -i '1i CREATE NONSENSE;' docker/user-init.sql
  docker compose up --detach user-mysql && until_true 600 answers_by_tcp || return
  ! timeout 20 docker compose up --detach --wait user-mysql
  local healthy=$?
  sed -i 1d docker/user-init.sql
  docker compose down --volumes && return $healthy
}

# The example's servers, in a project of their own, are somebody's.
own_servers() {
  docker compose -p friend-sync-own up --detach --wait user-mysql friend-mysql kafka || return
  readme 2 | grep '^cp' | bash -e || return
  printf 'networks:\n  default:\n    name: friend-sync-own_default\n    external: true\n' >>docker-compose.override.yml
  readme 2 | grep -v '^cp' | bash -e || return
  docker compose run --rm cli backfill --all --wait && docker compose run --rm cli verify || return
  ! docker ps --all --format '{{.Names}}' | grep -E "^$COMPOSE_PROJECT_NAME-(.*mysql|kafka)"
}
