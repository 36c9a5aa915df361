#!/bin/sh
# The connectors' configurations name their passwords as ${env:FRIEND_SYNC_…}; a secret of Docker is a file.
set -eu
. /opt/connect/read-secret.sh
if [ -n "${FRIEND_SYNC_SOURCE__PASSWORD_FILE:-}" ]; then
  FRIEND_SYNC_SOURCE__PASSWORD=$(read_secret "$FRIEND_SYNC_SOURCE__PASSWORD_FILE")
  export FRIEND_SYNC_SOURCE__PASSWORD
fi
if [ -n "${FRIEND_SYNC_LATE_COPIES_PASSWORD_FILE:-}" ]; then
  FRIEND_SYNC_LATE_COPIES_PASSWORD=$(read_secret "$FRIEND_SYNC_LATE_COPIES_PASSWORD_FILE")
  export FRIEND_SYNC_LATE_COPIES_PASSWORD
fi
# Unquoted: it holds several flags.
exec java ${JAVA_FLAGS:--Xms256m -Xmx640m} \
  -Djava.awt.headless=true \
  -Dlog4j2.configurationFile=/opt/connect/log4j2.properties \
  -cp '/opt/connect/kafka/*' \
  org.apache.kafka.connect.cli.ConnectDistributed /opt/connect/connect.properties
