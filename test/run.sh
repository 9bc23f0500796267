#!/usr/bin/env bash
# Installs what the tests need and runs them. The last line is always `N passed, N failed`.
#
#   test/run.sh [tests|faults|fuzz]   which suite; `tests` without one
#
#   AIRLOCK_TEST_ETCD   an etcd binary to test against; without it: etcd from the PATH, else a
#                       container engine (through testcontainers), else the system's package manager
#   AIRLOCK_TEST_PROMETHEUS   a prometheus binary to test against; without it: prometheus from the PATH,
#                       else the system's package manager; promtool is beside it, or in the PATH
#   AIRLOCK_TEST_CHROMIUM   a Chromium or Chrome to look at the status page with; without it: chromium from
#                       the PATH, else the system's package manager. Nothing is downloaded besides.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ETCD_IMAGE=quay.io/coreos/etcd:v3.5.17
readonly RUN_MINUTES=15

readonly SUITE=${1:-tests}
case $SUITE in
  tests) files='dist/test/**/*.test.js' ;;
  faults) files='dist/test/faults/*.fault.js' ;;
  fuzz) files='dist/test/fuzz/*.fuzz.js' ;;
  *)
    echo "test/run.sh: there is no suite '$SUITE'; there are tests, faults and fuzz" >&2
    exit 2
    ;;
esac

work=$(mktemp -d)
policy=
finish() {
  local status=$?
  [[ -z $policy ]] || "${root[@]}" rm -f "$policy"
  # A run that never came to its tests counts as one failure.
  local result='0 passed, 1 failed'
  if [[ -s $work/result ]]; then
    result=$(cat "$work/result")
    [[ $result == *', 0 failed' ]] || ((status > 0)) || status=1
  else
    ((status > 0)) || status=1
  fi
  rm -rf "$work"
  echo "$result"
  exit "$status"
}
trap finish EXIT

say() { echo "test/run.sh: $*" >&2; }
fail() {
  say "$*"
  exit 1
}
has() { [[ -x $(find_program "$1") ]]; }
# Server packages install to folders that an ordinary user's PATH may lack.
find_program() { PATH="$PATH:/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin" type -P "$1" || true; }

# Runs a command without its noise, unless it fails.
quietly() {
  if ! "$@" >"$work/output" 2>&1; then
    cat "$work/output" >&2
    return 1
  fi
}

# Sets `root`, what to put before a command that only root may run; $1 is what to type without it.
become_root() {
  root=(env)
  ((EUID == 0)) && return
  has sudo && { [[ -t 0 ]] || sudo -n true 2>"$work/sudo"; } ||
    fail "this needs root, and sudo does not give it to this script. Type, as root: $1"
  root=(sudo env)
}

# Prints the socket of a Docker or Podman that answers here; nothing if there is none.
find_engine() {
  local socket runtime=${XDG_RUNTIME_DIR:-/run/user/$EUID}
  [[ $(uname -s) == Linux ]] && has curl || return 0
  for socket in "${DOCKER_HOST:-}" unix:///var/run/docker.sock "unix://$runtime/docker.sock" \
    unix:///run/podman/podman.sock "unix://$runtime/podman/podman.sock"; do
    if [[ $socket == unix://* && -S ${socket#unix://} ]] &&
      engine "$socket" GET _ping >"$work/output" 2>&1; then
      echo "$socket"
      return 0
    fi
  done
}
engine() { curl -sS --fail --max-time 120 --unix-socket "${1#unix://}" -X "$2" "http://engine/$3"; }

use_engine() {
  local socket
  socket=$(find_engine)
  [[ -n $socket ]] || return 1
  say "no etcd here: taking $ETCD_IMAGE in a container, through $socket"
  if ! engine "$socket" POST "images/create?fromImage=${ETCD_IMAGE%:*}&tag=${ETCD_IMAGE##*:}" \
    >"$work/output" 2>&1 || ! engine "$socket" GET "images/$ETCD_IMAGE/json" >"$work/json" 2>&1; then
    tail -n 3 "$work/output" >&2
    say "the image cannot be pulled; going on with the package manager"
    return 1
  fi
  export DOCKER_HOST=$socket AIRLOCK_TEST_ETCD_IMAGE=$ETCD_IMAGE
}

# install_packages NAME...: programs, which are packages of that name but for etcd.
install_packages() {
  local names=("$@")
  if has apt-get; then
    names=("${names[@]/#etcd/etcd-server}")
    install_with_apt "${names[@]}"
  elif has dnf; then
    # By its file: the package has had several names.
    names=("${names[@]/#prometheus//usr/bin/prometheus}")
    local command="dnf install -y ${names[*]}"
    say "installing ${names[*]} with: $command"
    become_root "$command"
    quietly "${root[@]}" dnf install -y "${names[@]}" ||
      fail "that failed. Install ${names[*]} yourself: $command"
  else
    fail "missing here: ${names[*]}, and neither apt-get nor dnf to install it with. Install it with \
your package manager, or name binaries: AIRLOCK_TEST_ETCD=/path/to/etcd \
AIRLOCK_TEST_PROMETHEUS=/path/to/prometheus AIRLOCK_TEST_CHROMIUM=/path/to/chromium npm test"
  fi
}

install_with_apt() {
  local command="apt-get install -y --no-install-recommends $*"
  say "installing $* with: $command"
  become_root "apt-get update && $command"
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    # The packages would start etcd and Prometheus as services; the tests start their own.
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$work/policy"
    "${root[@]}" install -m 755 "$work/policy" "$policy"
  fi
  local apt=("${root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  quietly "${apt[@]}" update || say 'apt-get update failed; trying all the same'
  quietly "${apt[@]}" install -y --no-install-recommends "$@" ||
    fail "that failed. Install it yourself, as root: apt-get update && $command"
  [[ -d /run/systemd/system ]] || return 0
  local service
  for service in etcd prometheus; do
    [[ " $* " == *" $service"@(-server|)' '* ]] || continue
    quietly "${root[@]}" systemctl disable --now "$service" ||
      say "the service $service could not be disabled; the tests do without it"
  done
}

provide_tools() {
  local program missing=()
  for program in node npm; do
    has "$program" || fail "$program is missing: install Node.js 20.19 or later, with npm"
  done
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 2019 ? 1 : 0)' ||
    fail "Node.js 20.19 or later is needed; this is $(node --version)"
  for program in openssl curl; do
    has "$program" || missing+=("$program")
  done
  # It verifies the units of contrib/, and its systemd-notify speaks for the daemon.
  [[ $(uname -s) != Linux ]] || has systemd-analyze || missing+=(systemd)
  if [[ -n ${AIRLOCK_TEST_ETCD:-} ]]; then
    [[ -f $AIRLOCK_TEST_ETCD && -x $AIRLOCK_TEST_ETCD ]] ||
      fail "AIRLOCK_TEST_ETCD names '$AIRLOCK_TEST_ETCD', which is not an executable file"
  elif ! has etcd && ! use_engine; then
    missing+=(etcd)
  fi
  if [[ -n ${AIRLOCK_TEST_PROMETHEUS:-} ]]; then
    [[ -f $AIRLOCK_TEST_PROMETHEUS && -x $AIRLOCK_TEST_PROMETHEUS ]] ||
      fail "AIRLOCK_TEST_PROMETHEUS names '$AIRLOCK_TEST_PROMETHEUS', which is not an executable file"
  elif ! has prometheus; then
    missing+=(prometheus)
  fi
  if [[ -n ${AIRLOCK_TEST_CHROMIUM:-} ]]; then
    [[ -f $AIRLOCK_TEST_CHROMIUM && -x $AIRLOCK_TEST_CHROMIUM ]] ||
      fail "AIRLOCK_TEST_CHROMIUM names '$AIRLOCK_TEST_CHROMIUM', which is not an executable file"
  elif ! has chromium && ! has chromium-browser; then
    missing+=(chromium)
  fi
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  if [[ -z ${AIRLOCK_TEST_ETCD_IMAGE:-} ]]; then
    local etcd=${AIRLOCK_TEST_ETCD:-$(find_program etcd)}
    [[ -x $etcd ]] || fail 'etcd is still not to be found after its installation'
    say "testing with $("$etcd" --version | head -n 1) ($etcd)"
  fi
  local prometheus=${AIRLOCK_TEST_PROMETHEUS:-$(find_program prometheus)}
  [[ -x $prometheus ]] || fail 'prometheus is still not to be found after its installation'
  [[ -n ${AIRLOCK_TEST_CHROMIUM:-} ]] || has chromium || has chromium-browser ||
    fail 'chromium is still not to be found after its installation'
}

provide_modules() {
  if [[ ! -e node_modules/.package-lock.json ||
    node_modules/.package-lock.json -ot package-lock.json ]]; then
    say 'installing the packages of package-lock.json'
    quietly npm ci
  fi
}

run_tests() {
  # What was compiled from a test that is gone would still run.
  rm -rf dist/test
  npm run --silent build:all
  local bound=(env)
  ! has timeout || bound=(timeout --foreground --kill-after=10 "${RUN_MINUTES}m")
  "${bound[@]}" node node_modules/mocha/bin/mocha.js \
    --fail-zero --forbid-only --forbid-pending --require dist/test/support/root-hooks.js \
    --reporter dist/test/support/reporter.js --reporter-option "result=$work/result" \
    "$files" || {
    local status=$?
    ((status != 124)) || say "the tests did not end within $RUN_MINUTES minutes"
    return "$status"
  }
}

provide_tools
provide_modules
run_tests
