# Sourced by the image's entrypoint, before the SQL files: a password that is a secret is in none of them.
docker_process_sql <<<"$FRIEND_SYNC_USERS_SQL"
unset FRIEND_SYNC_USERS_SQL
