#!/usr/bin/env bash
# Compose, built from its Go module, where no package has it: compose.sh VERSION FOLDER. The folder is one of the client's plugins.
set -euo pipefail
version=${1:?a version} folder=${2:?a folder of plugins}
source=$(go mod download -json "github.com/docker/compose/v2@v$version" | sed -n 's/^\s*"Dir": "\(.*\)",$/\1/p')
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Not by `go install`, which takes no module that replaces another.
cp -r --no-preserve=mode "$source/." "$copy"
mkdir -p "$folder"
cd "$copy"
go build -trimpath -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=v$version" -o "$folder/docker-compose" ./cmd
