#!/usr/bin/env bash
# Makes images under the names of the official ones, for a machine that reaches Debian's packages, npm and Maven Central, and no
# image registry: stand-ins.sh FOLDER. Each keeps the part of its image's contract that our files use. They carry this machine's own
# certificates and apt settings: they are for a check here, and for nobody else.
set -euo pipefail
cd "$(dirname "$0")"
root=$(realpath ../..)
folder=${1:?a folder to work in}
mkdir -p "$folder"
# The engine's own builder: the other one needs a plugin.
export DOCKER_BUILDKIT=0

debian() { # SUITE
  local tree=$folder/debian-$1
  docker image inspect "stand-in-debian:$1" &>/dev/null && return
  if [ ! -e "$tree.done" ]; then
    rm -rf "$tree"
    debootstrap --variant=minbase --include=ca-certificates "$1" "$tree"
    cp -r /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
    chroot "$tree" update-ca-certificates
    grep -ls '^Acquire' /etc/apt/apt.conf.d/* | xargs -r cp -t "$tree/etc/apt/apt.conf.d/"
    rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
    touch "$tree.done"
  fi
  tar -C "$tree" --numeric-owner -c . | docker import - "stand-in-debian:$1"
}

image() { sed -n "s|^ *image: \($1:.*\)$|\1|p" "$root/docker-compose.yml" | head -n 1; }
base() { sed -n "s/^ARG $2=//p" "$root/docker/$1.Dockerfile"; }
build() { # NAME TAG [OPTION…]
  docker build --pull=false --quiet --tag "$2" "${@:3}" "$folder/context/$1"
}

debian bookworm
debian sid
rm -rf "$folder/context"
cp -r stand-ins "$folder/context"
for part in kafka registry; do cp "$root/pom.xml" "$folder/context/$part/"; done

jre=$(base connect JRE) maven=$(base connect MAVEN) node=$(base sync-service BASE)
# Node from npm's own package of the binary, in the version that the tag names.
version=${node#*:} version=${version%-slim}
(
  cd "$folder/context/node"
  npm pack --silent "node-linux-$(node -p process.arch)@$version" npm@10
  for archive in *.tgz; do mkdir "${archive%%-[0-9]*}" && tar -xzf "$archive" -C "${archive%%-[0-9]*}" --strip-components=1; done
  rm -- *.tgz
  mv node-linux-* binary
)
build jre "$jre"
build maven "$maven" --build-arg JRE="$jre"
build node "$node"
build mysql "$(image mysql)"
build kafka "$(image apache/kafka)" --build-arg JRE="$jre" --build-arg MAVEN="$maven"
build registry "$(image apicurio/apicurio-registry)" --build-arg JRE="$jre" --build-arg MAVEN="$maven"
