# Sourced by the image's entrypoint, before friend-init.sql: a password that is a secret is in no SQL file.
docker_process_sql <<SQL
CREATE USER 'friend_sync_late_copies'@'%' IDENTIFIED BY '$(cat "$FRIEND_SYNC_LATE_COPIES_PASSWORD_FILE")';
SQL
