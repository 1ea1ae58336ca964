#!/usr/bin/env bash
# openapi-python-client 0.29.1: values of an enumeration that differ in case alone stop it.
#
# A server that takes "left" and "Left" may say so in its description, as an enumeration with both. The generator
# names the values in capitals, finds the same name twice, and makes no client at all, not even of the other
# endpoints. The description of such a server should have one of each.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1
"$folder/env/bin/openapi-python-client" --version
cat >"$folder/describe.py" <<'PYTHON'
import json
import sys

values = sys.argv[1].split(",")
side = {"name": "side", "in": "query", "schema": {"type": "string", "enum": values}}
answer = {"200": {"description": "Nothing."}}
paths = {"/cut": {"get": {"parameters": [side], "responses": answer}}}
print(json.dumps({"openapi": "3.1.0", "info": {"title": "cut", "version": "1"}, "paths": paths}))
PYTHON
generate() {
    "$folder/env/bin/python" "$folder/describe.py" "$1" >"$folder/openapi.json"
    echo "post_hooks: []" >"$folder/config.yml"
    "$folder/env/bin/openapi-python-client" generate --path "$folder/openapi.json" --config "$folder/config.yml" \
        --output-path "$folder/client-$2" >"$folder/$2.txt" 2>&1
}
generate left,right lower || { cat "$folder/lower.txt"; exit 1; }
echo "left,right: a client is made"
if generate left,Left both; then echo "left,Left: a client is made now"; exit 1; fi
grep -q "Duplicate key" "$folder/both.txt"
echo "left,Left: Duplicate key LEFT, and no client is made"
