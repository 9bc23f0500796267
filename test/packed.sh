#!/usr/bin/env bash
# Packs airlock, installs the package into an empty folder as its users do, and lets it serve there. The
# package is packed from a copy, so that tests that run meanwhile keep what is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LIMIT_MB=65 SERVE_WITHIN_S=30

say() { echo "test/packed.sh: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

work=$(mktemp -d)
daemon=
finish() {
  local status=$?
  [[ -z $daemon ]] || kill -KILL -- "-$daemon" 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

[[ -d node_modules ]] || fail 'npm ci comes first'
mkdir "$work/source" "$work/empty"
cp -r bin lib web config contrib docs ./*.md ./*.json LICENSE .npmrc "$work/source"
ln -s "$PWD/node_modules" "$work/source/node_modules"
(cd "$work/source" && npm pack --silent --pack-destination "$work" >"$work/name") ||
  { cat "$work/name" >&2 && fail 'npm pack failed'; }
package=$work/$(tail -n 1 "$work/name")

cd "$work/empty"
echo '{ "private": true }' >package.json
npm install --silent --omit=dev --prefer-offline "$package"
size=$(du -sm node_modules | cut -f 1)
say "$(basename "$package") has $(($(wc -c <"$package") / 1024)) kB; installed, node_modules has $size MB:"
du -sk node_modules/[!@]* node_modules/@*/* | sort -rn | head -n 8 | sed 's/^/  /' >&2
((size <= LIMIT_MB)) || fail "that is more than $LIMIT_MB MB: what has come in, and what does it earn?"

printf '[service]\nport = 0\n[status]\nport = 0\n[store]\nkind = "embedded"\npath = "airlock.db"\n' >config.toml
setsid npx --no-install airlock serve -c config.toml -v >log 2>&1 &
daemon=$!
began=$SECONDS
until grep -qs "airlock is ready" log; do
  kill -0 "$daemon" 2>/dev/null || { cat log >&2 && fail 'it ended'; }
  ((SECONDS - began < SERVE_WITHIN_S)) || { cat log >&2 && fail 'it does not serve'; }
  sleep 0.1
done
url=http://$(sed -n 's/.*service="\{0,1\}\([0-9.:]*\).*/\1/p' log | head -n 1)
status=http://$(sed -n 's/.*status="\{0,1\}\([0-9.:]*\).*/\1/p' log | head -n 1)
for part in '' page.css page.js; do
  node -e 'fetch(process.argv[1]).then((answer) => process.exit(answer.ok ? 0 : 1))' "$status/$part" ||
    fail "it does not serve /$part of its status page"
done
npx --no-install airlock client pre-reboot --url "$url" --id a-machine || fail 'it did not grant'
# Not to npx, nor to all: a second signal would end airlock at once.
kill -TERM "$(pgrep --pgroup "$daemon" --full '^node .*airlock serve')"
wait "$daemon" || fail "it ended with exit code $?"
daemon=
grep -q 'airlock has stopped' log || { cat log >&2 && fail 'it did not stop in order'; }
say "npx airlock, of the installed package, grants, has its page, and stops when told"
