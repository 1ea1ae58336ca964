#!/usr/bin/env bash
# mlflow-skinny 3.17.2: its client of scoring servers fails without scipy, which it does not ask for.
#
# ScoringServerClient.invoke looks for the module scipy.sparse, in order to convert sparse matrices, with
# importlib.util.find_spec. That returns None for a module that is missing, but raises ModuleNotFoundError if the
# package around it is missing. So a client without scipy cannot send anything, not even a DataFrame.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check mlflow-skinny==3.17.2 pandas==3.1.1
cat >"$folder/send.py" <<'PYTHON'
import importlib.util

import mlflow
import pandas as pd
from mlflow.utils.proto_json_utils import dump_input_data

print("mlflow", mlflow.__version__, "with pandas", pd.__version__)
assert importlib.util.find_spec("scipy") is None
try:
    dump_input_data(pd.DataFrame({"text": ["What a day!"]}))
except ModuleNotFoundError as error:
    print("a DataFrame cannot be sent:", error)
    assert error.name == "scipy"
else:
    raise SystemExit("The client works without scipy now.")
PYTHON
"$folder/env/bin/python" "$folder/send.py"
