#!/bin/sh
# install.sh LIST FOLDER: install exactly the packages of LIST and compare their hashes.
# A failure of npm is an error in CI; elsewhere the stories of this client are skipped.
# Create a new LIST with packages.mjs in a folder in which `npm install openai@VERSION` has run.
set -eu
list=$1 folder=$2

give_up() {
    echo "$(basename "$folder") is not installed: $1." >&2
    test -z "${CI:-}" && exit 0
    exit 1
}

command -v node >/dev/null && command -v npm >/dev/null || give_up "this machine has no Node.js with npm"
rm -rf "$folder"
mkdir -p "$folder"
# shellcheck disable=SC2046 # one argument for each package; nested ones come with those that need them
npm install --prefix "$folder" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
    --fetch-retries=1 --fetch-retry-mintimeout=2000 --fetch-timeout=20000 $(grep -v /node_modules/ "$list" | cut -d ' ' -f 1) >/dev/null ||
    give_up "npm could not install it"
node "$(dirname "$0")/packages.mjs" "$folder" | diff "$list" - >&2 || {
    echo "What npm installed is not what $list names." >&2
    exit 1
}
touch "$folder/installed"
