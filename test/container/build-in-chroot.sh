#!/usr/bin/env bash
# Builds the image of ../../Containerfile where no container engine runs, and runs its daemon: as the
# image's user, as process 1, on a read-only root. As root, on Debian, with buildah and debootstrap; the
# base is made here: a minimal Debian with Node.js from the npm registry. It takes some minutes and is
# run by hand.
#
#   test/container/build-in-chroot.sh [--twice]     --twice: a second build must give the same image
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly NODE_MAJOR=24 DEBIAN=bookworm USER_ID=65532 PORT=23333 STATUS_PORT=22222
readonly BASE_NAME=localhost/node:$NODE_MAJOR-$DEBIAN-slim IMAGE_NAME=localhost/airlock

say() { echo "build-in-chroot: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

((EUID == 0)) || fail 'this needs root: it mounts and chroots'
for program in buildah debootstrap unshare curl npm git; do
  type -P "$program" >/dev/null ||
    fail "$program is missing: apt-get install -y --no-install-recommends buildah debootstrap curl git"
done
case $(uname -m) in
  x86_64) platform=linux-x64 ;;
  aarch64) platform=linux-arm64 ;;
  *) fail "no Node.js package is known for $(uname -m)" ;;
esac

work=$(mktemp -d)
daemon=
container=
finish() {
  local status=$?
  # unshare, which takes its child along; this shell's own process then ends by itself.
  [[ -z $daemon ]] || pkill -KILL --parent "$daemon" || true
  [[ -z $container ]] || store umount "$container" >/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

store() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

make_base() {
  local base=$work/base
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$DEBIAN" "$base" >"$work/log" 2>&1 ||
    { tail "$work/log" >&2 && fail 'debootstrap failed'; }
  # As Debian's slim images are made.
  rm -rf "$base"/var/cache/apt/*.bin "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/* \
    "$base"/usr/share/{doc,man,info,locale}/* "$base"/var/log/*
  npm install --silent --prefix "$work/node" "node-$platform@$NODE_MAJOR"
  npm install --silent --global --prefix "$base/usr/local" npm@11
  install -m 755 "$work/node/node_modules/node-$platform/bin/node" "$base/usr/local/bin/node"
  cp "$work/node/node_modules/node-$platform/LICENSE" "$base/usr/local/"
  local from
  from=$(store from scratch)
  store copy --quiet "$from" "$base" / >/dev/null
  store commit --quiet --rm "$from" "$BASE_NAME" >/dev/null
  rm -rf "$base" "$work/node"
}

# npm's cache and configuration are this machine's, so that the build reaches the same registry.
build() {
  local globalconfig cafile volumes
  globalconfig=$(npm config get globalconfig)
  cafile=$(npm config get cafile)
  volumes=(--volume "$(npm config get cache):/root/.npm")
  [[ ! -f $globalconfig ]] || volumes+=(--volume "$globalconfig:/usr/local/etc/npmrc:ro")
  [[ ! -f $cafile ]] || volumes+=(--volume "$cafile:$cafile:ro")
  store bud --quiet --isolation chroot --format docker --no-cache --ignorefile .containerignore \
    --timestamp "$(git log -1 --format=%ct)" --build-arg "REVISION=$(git rev-parse HEAD)" \
    --build-arg "NODE_IMAGE=$BASE_NAME" "${volumes[@]}" --tag "$IMAGE_NAME" --file Containerfile . \
    >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2 && fail 'the build failed'; }
}

layers() { store inspect --type image --format '{{.OCIv1.RootFS.DiffIDs}}' "$IMAGE_NAME"; }
config() { store inspect --type image --format "{{$1}}" "$IMAGE_NAME"; }
megabytes() { du -sm "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum " MB" }'; }

expect() {
  local what=$1 wanted=$2 got=$3
  [[ $got == "$wanted" ]] || fail "$what: expected '$wanted', got '$got'"
}

judge_contents() {
  local root=$1 native
  native=$(cd "$root/opt/airlock" && find . -name '*.node')
  expect 'the native programs' \
    "./node_modules/@photostructure/sqlite/prebuilds/$platform/@photostructure+sqlite.glibc.node" "$native"
  expect 'what must not be there' '' "$(cd "$root" && ls -d opt/airlock/node_modules/{typescript,mocha} \
    opt/airlock/{test,lib,bin} usr/local/lib/node_modules usr/local/include usr/local/bin/npm \
    src 2>/dev/null)"
  expect 'the user' "$USER_ID:$USER_ID" "$(config .Docker.Config.User)"
  expect 'the command' '[airlock serve]' "$(config .Docker.Config.Cmd)"
  expect 'the health check' '[CMD airlock healthcheck]' "$(config .Docker.Config.Healthcheck.Test)"
  say "the image has $(megabytes "$root"), of which"
  say "  Node.js' program     $(megabytes "$root/usr/local/bin/node")"
  say "  airlock              $(megabytes "$root/opt/airlock/dist")"
  say "  its dependencies     $(megabytes "$root/opt/airlock/node_modules")"
  (cd "$root/opt/airlock/node_modules" && du -sk -- * @*/* | sort -rn | grep -v '@[a-z-]*$' | head -n 6) |
    while read -r kilobytes name; do say "    $name $kilobytes kB"; done
}

# enter ROOT COMMAND...: in the image, as its user, with its PATH, on a read-only root.
enter() {
  local root=$1
  shift
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child sh -euc '
    root=$1 volume=$2 user=$3 path=$4; shift 4
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --bind "$volume/config" "$root/etc/airlock"
    mount --bind "$volume/state" "$root/var/lib/airlock"
    mount -o remount,bind,ro "$root"
    exec chroot --userspec="$user:$user" --groups= "$root" env -i PATH="$path" "$@"
  ' sh "$root" "$work/volume" "$USER_ID" "$(image_path)" "$@"
}
image_path() { store inspect --type image --format '{{range .Docker.Config.Env}}{{println .}}{{end}}' \
  "$IMAGE_NAME" | sed -n 's/^PATH=//p'; }

# The daemon runs in a process namespace of its own, as its process 1; a check runs in another.
run_daemon() {
  local root=$1 started
  mkdir -p "$work/volume/config" "$work/volume/state" "$root/etc/airlock"
  chown "$USER_ID:$USER_ID" "$work/volume/state"
  printf '[service]\nport = %s\n[status]\nport = %s\n[store]\nkind = "embedded"\npath = "%s"\n' \
    "$PORT" "$STATUS_PORT" /var/lib/airlock/airlock.db >"$work/volume/config/config.toml"
  ! enter "$root" airlock healthcheck 2>/dev/null || fail 'healthcheck found a daemon before there was one'
  enter "$root" airlock serve -vv >"$work/daemon.log" 2>&1 &
  daemon=$!
  started=$SECONDS
  until enter "$root" airlock healthcheck --ready 2>"$work/healthcheck.log"; do
    ((SECONDS - started < 30)) || { cat "$work"/*.log >&2 && fail 'the daemon is not healthy'; }
    sleep 0.2
  done
  local answer
  answer=$(curl --silent --output /dev/null --write-out '%{http_code}' -H 'fleet-lock-protocol: true' \
    -d @config/body.json "http://127.0.0.1:$PORT/v1/pre-reboot")
  expect 'the answer to a pre-reboot' 200 "$answer"
  expect 'the owner of the store' "$USER_ID" "$(stat --format %u "$work/volume/state/airlock.db")"
  stop_daemon
}

stop_daemon() {
  local first status=0 began
  # Below this shell's own process is unshare, and below that the first of the new namespace.
  first=$(pgrep --parent "$(pgrep --parent "$daemon")")
  expect "the daemon's own process id" 1 "$(awk '/^NSpid:/ { print $NF }' "/proc/$first/status")"
  expect "the daemon's capabilities" 0000000000000000 "$(awk '/^CapEff:/ { print $2 }' "/proc/$first/status")"
  began=$(date +%s%3N)
  kill -TERM "$first"
  wait "$daemon" || status=$?
  daemon=
  expect 'the exit code after SIGTERM' 0 "$status"
  say "SIGTERM ended it within $(($(date +%s%3N) - began)) ms"
}

say "making a base of Debian $DEBIAN and Node.js $NODE_MAJOR"
make_base
say 'building'
build
if [[ ${1:-} == --twice ]]; then
  first=$(layers)
  build
  expect 'the layers of the second build' "$first" "$(layers)"
  say 'a second build gives the same layers'
fi
container=$(store from "$IMAGE_NAME")
root=$(store mount "$container")
judge_contents "$root"
run_daemon "$root"
say 'the daemon of the image serves, is healthy and ends when told'
