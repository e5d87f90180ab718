#!/usr/bin/env bash
# Installs Holt as people do and uses it from there: the packed tarball and the clone itself into temporary prefixes; two
# devices start, pair, share and accept a folder; and a Node that is too old gets one sentence and exit status 78.
# Run it from the repository after `npm install`.
set -euo pipefail

root=$PWD
work=$(mktemp -d)
new_node=$root/node_modules/node/bin
holt=$work/prefix/bin/holt

say() { printf '   %s\n' "$*"; }
fail() { printf '   FAILED: %s\n' "$*" >&2; exit 1; }
# The device's name comes first: `on a status`. Nothing here takes two minutes unless it hangs.
on() {
  local device=$1; shift
  HOLT_HOME=$work/home-$device HOLT_DEVICE_NAME=$device PATH=$new_node:$PATH timeout 120 "$holt" "$@"
}

cleanup() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    for device in a b; do tail -n 20 "$work/home-$device/log/holt.log" 2>/dev/null | sed "s/^/   $device: /" >&2 || true; done
  fi
  for device in a b; do on "$device" stop >/dev/null 2>&1 || true; done
  rm -rf "$work"
}
trap cleanup EXIT

# Runs a command until it succeeds, for at most so many seconds.
within() {
  local deadline=$((SECONDS + $1)); shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

find_old_node() {
  local found
  for found in $(type -aP node); do
    case $("$found" --version) in v1[0-9].* | v20.* | v21.*) echo "$found"; return ;; esac
  done
  npm install --silent --no-audit --no-fund --prefix "$work/old" node@20 >&2
  echo "$work/old/node_modules/node/bin/node"
}

say 'npm pack, and npm install -g of the tarball'
tarball=$work/$(npm pack --silent --pack-destination "$work" | tail -n 1)
! tar -tzf "$tarball" | grep -E '^package/(test|daemon|protocol|scripts|node_modules)/' || fail 'the tarball has what does not ship'
mkdir "$work/prefix" "$work/elsewhere"
(cd "$work/elsewhere" && npm install --silent --no-audit --no-fund -g --prefix "$work/prefix" "$tarball")

say 'an old Node gets one sentence and 78'
old_node=$(find_old_node)
status=0
sentence=$("$old_node" "$(readlink -f "$holt")" --version 2>&1) || status=$?
[ "$status" -eq 78 ] || fail "exit status $status and not 78: $sentence"
[ "$(printf '%s\n' "$sentence" | wc -l)" -eq 1 ] || fail "not one sentence: $sentence"
say "$sentence"

say "$(on a --version) starts on both devices"
on a start
on b start

say 'they pair by code'
on a pair >"$work/code" 2>"$work/pair-a.log" &
pairing=$!
within 30 test -s "$work/code" || fail "no code was shown: $(cat "$work/pair-a.log")"
head -n 1 "$work/code" | on b pair --join || fail 'the second device did not pair'
wait "$pairing" || fail "the first device did not pair: $(cat "$work/pair-a.log")"

say 'they hold the same folder'
mkdir -p "$work/a/Photos/summer" "$work/b"
head -c 3000000 /dev/urandom >"$work/a/Photos/summer/beach.jpg"
echo 'remember the milk' >"$work/a/Photos/note.txt"
on a add "$work/a/Photos" --name Photos
on b accept Photos "$work/b/Photos" --yes
same() { diff -r --exclude=.holt "$work/a/Photos" "$work/b/Photos" >/dev/null 2>&1; }
within 60 same || fail "the folders differ: $(diff -r --exclude=.holt "$work/a/Photos" "$work/b/Photos" 2>&1 | head -n 5)"
echo 'and the bread' >>"$work/b/Photos/note.txt"
within 60 same || fail 'an edit did not come back'
on a status
on a stop
on b stop

say 'npm install -g . from the clone'
npm run --silent build
mkdir "$work/linked"
npm install --silent --no-audit --no-fund -g --prefix "$work/linked" .
[ "$(PATH=$new_node:$PATH "$work/linked/bin/holt" --version)" = "$(on a --version)" ] || fail 'the linked form has another version'
say 'the installed form works'
