#!/bin/sh
# Tests the viewer's JavaScript, builds its bundle anew from the lock, and fails if the committed one differs.
set -eu
cd "$(dirname "$0")"
if ! command -v node >/dev/null 2>&1; then
  echo "viewer: Node is not here, so the committed bundle was not rebuilt and compared."
  exit 0
fi
if ! npm ci --ignore-scripts --no-audit --no-fund --silent; then
  [ "${CI:-}" = true ] && exit 1
  echo "viewer: npm could not fetch the packages of the lock, so the committed bundle was not rebuilt and compared."
  exit 0
fi
node --test test/
node build.mjs rebuilt
trap 'rm -rf rebuilt' EXIT
diff -r build rebuilt || { echo "viewer: the committed bundle is old; run 'npm run build' in $(pwd) and commit build/."; exit 1; }
echo "viewer: the committed bundle is what its sources say."
