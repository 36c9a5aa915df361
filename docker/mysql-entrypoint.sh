#!/bin/bash
# Before the image's own entrypoint, which takes an empty secret for none, and writes passwords into its SQL as they are.
# FRIEND_SYNC_USERS names our users, each with the secret that is its password: `user=secret user=secret`.
set -euo pipefail
. "$(dirname "$0")/read-secret.sh"
secrets=$(dirname "$MYSQL_ROOT_PASSWORD_FILE")

root=$(read_secret "$MYSQL_ROOT_PASSWORD_FILE")
case $root in
  *[\'\"\\]* | *$'\n'*)
    echo "friend-sync: $MYSQL_ROOT_PASSWORD_FILE holds a quote, a backslash or a newline, which the image cannot do with in root's password" >&2
    exit 78
    ;;
esac

# Read by root, before the server that makes the users runs as another one; users.sh takes it from there.
sql=
for user in $FRIEND_SYNC_USERS; do
  password=$(read_secret "$secrets/${user#*=}")
  quote="''"
  password=${password//\\/\\\\}
  sql+="CREATE USER '${user%=*}'@'%' IDENTIFIED BY '${password//"'"/"$quote"}';"
done
[ -d /var/lib/mysql/mysql ] || export FRIEND_SYNC_USERS_SQL=$sql
exec docker-entrypoint.sh "$@"
