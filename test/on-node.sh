#!/usr/bin/env bash
# Runs the tests on another Node.js than this machine's, from the npm registry.
#
#   test/on-node.sh VERSION      20.19, 22, 24 or 26, or any other that the packages node-OS-CPU have
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: test/on-node.sh VERSION}
case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  *) echo "test/on-node.sh: no Node.js package is known for $(uname -sm)" >&2 && exit 1 ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" "node-$platform@$version"
PATH=$folder/node_modules/node-$platform/bin:$PATH
export PATH
echo "test/on-node.sh: testing on Node.js $(node --version)" >&2
bash test/run.sh
