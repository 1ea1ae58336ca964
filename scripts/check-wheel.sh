#!/bin/sh
# Builds the wheel and the source archive, checks their metadata, installs the wheel into a fresh environment,
# trains on the shipped sample there, and classifies one sentence. Everything is in a temporary folder.
# Usage: check-wheel.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python="${1:-python3}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

"$python" -m venv "$folder/tools"
"$folder/tools/bin/python" -m pip install --disable-pip-version-check --quiet build twine
"$folder/tools/bin/python" -m build --outdir "$folder/dist" .
"$folder/tools/bin/python" -m twine check --strict "$folder"/dist/*

"$python" -m venv "$folder/fresh"
"$folder/fresh/bin/python" -m pip install --disable-pip-version-check --quiet "$(ls "$folder"/dist/*.whl)[embedded]"
# Away from the source tree, so that only the installed package can be imported.
cd "$folder"
export TEXTUNE_CACHE="$folder/cache"
fresh/bin/textune train --recipe frozen --model embedded:minilm --data sample:emotion --out run --offline
fresh/bin/textune predict run "We got the keys to our first flat today!!"
