#!/usr/bin/env bash
# Argilla 2.8.0: records written as JSON do not say which responses were submitted.
#
# A response has a status: submitted, draft or discarded. Flattened records (to_list(flatten=True), to_datasets) keep it.
# The nested form, which records.to_json writes, does not: there, a label that somebody saved as a draft or discarded
# looks like one that was submitted. Whoever trains on such a file trains on discarded labels.
#
# (requests is installed beside it because argilla imports it without asking for it.)
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check argilla==2.8.0 requests==2.34.2
cat >"$folder/export.py" <<'PYTHON'
import json
import pathlib
import sys
import uuid

import argilla
from argilla.records._io import GenericIO, JsonIO

user = uuid.UUID(int=1)
records = [
    argilla.Record(
        id=status,
        fields={"text": f"a {status} label"},
        responses=[argilla.Response("label", "joy", user_id=user, status=status)],
    )
    for status in ("submitted", "draft", "discarded")
]
path = JsonIO.to_json(records, pathlib.Path(sys.argv[1]) / "records.json")
nested = {json.dumps(record["responses"], sort_keys=True) for record in json.loads(path.read_text())}
flat = [record["label.responses.status"] for record in GenericIO.to_list(records, flatten=True)]
print("argilla", argilla.__version__)
print("flattened, the status of each response:", flat)
print("as JSON, the three records have the same responses:", len(nested) == 1, *nested)
assert flat == [["submitted"], ["draft"], ["discarded"]]
assert len(nested) == 1 and "status" not in nested.pop()
PYTHON
"$folder/env/bin/python" "$folder/export.py" "$folder"
