# Sourced. `read_secret FILE` prints the password that the file holds, or ends the container with a sentence that names it. Newlines
# at its end do not belong to it.
read_secret() {
  value=$(cat "$1" 2>/dev/null) || {
    echo "friend-sync: $1 cannot be read by user $(id -u): let everybody read the file, in a folder that only you may enter" >&2
    exit 78
  }
  value=${value%"$(printf '\r')"}
  [ -n "$value" ] || {
    echo "friend-sync: $1 is empty: write the password into it" >&2
    exit 78
  }
  printf '%s' "$value"
}
