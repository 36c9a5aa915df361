# Sourced by verify.sh: what a step is.

say() { printf '%s\n' "$*"; }

fail() {
  tail -n 40 "$log" >&2
  docker compose --profile '*' logs --no-color --tail 15 >&2
  say "failed: $*"
  exit 1
}

# seconds_since EPOCHREALTIME, with a decimal.
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# step NAME COMMAND…: one line with its time and with what the command wrote to descriptor 3.
step() {
  local began=$EPOCHREALTIME note
  printf '\n== %s\n' "$1" >>"$log"
  note=$("${@:2}" 3>&1 >>"$log" 2>&1) || fail "$1"
  printf '%6s s  %s%s\n' "$(seconds_since "$began")" "$1" "${note:+ (${note//$'\n'/, })}"
}

# until_true SECONDS COMMAND…
until_true() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    [ $SECONDS -lt "$end" ] || return 1
    sleep 0.1
  done
}

# The commands of the section's block number $1, one a line.
readme() {
  awk -v block="$1" '
    /^## / { inside = $0 == "## With Docker" }
    inside && /^```/ { fences++; next }
    inside && fences == 2 * block - 1 { printf "%s%s", $0, /\|$/ ? "" : "\n" }
  ' "$root/README.md"
}
