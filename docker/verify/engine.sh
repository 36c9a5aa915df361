#!/usr/bin/env bash
# An engine of its own, so that stand-ins never lie among your images: engine.sh start|restart|stop FOLDER. As root.
set -euo pipefail
action=${1:?start, restart or stop} folder=${2:?a folder to work in}
mkdir -p "$folder"

pid=$(cat "$folder/docker.pid" 2>/dev/null) || pid=
if [ "$action" != start ] && [ "$pid" ] && [ "$(ps -o comm= -p "$pid")" = dockerd ]; then
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
fi
[ "$action" != stop ] || exit 0

setsid dockerd --data-root "$folder/data" --exec-root "$folder/run" --host "unix://$folder/docker.sock" --pidfile "$folder/docker.pid" \
  >>"$folder/dockerd.log" 2>&1 </dev/null 3>&- &
for _ in {1..120}; do
  docker --host "unix://$folder/docker.sock" info &>/dev/null && exit
  sleep 0.5
done
tail -n 20 "$folder/dockerd.log"
exit 1
