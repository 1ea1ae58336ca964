"""Ask a server through MLflow's client of scoring servers.

In: the server's URL and the model's name as arguments, texts as JSON on standard input. Out: the
probabilities (texts, classes) by way of asking, as JSON.
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

address = urlsplit(sys.argv[1])
texts = json.load(sys.stdin)
client = ScoringServerClient(address.hostname, address.port)
client.wait_server_ready()
assert client.get_version()
ways = {}
for way, data in {
    "a DataFrame": pd.DataFrame({"id": range(len(texts)), "text": texts}),
    "a list": texts,
    "an array": np.array(texts),
}.items():
    table = client.invoke(data).get_predictions()
    ways[way] = table[[name for name in table if name.startswith("score_")]].to_numpy().tolist()
try:
    client.invoke(pd.DataFrame({"a": texts, "b": texts}))
except Exception as error:
    assert "error code 400" in str(error), error
else:
    raise AssertionError("A table without a column of texts was answered.")
print(json.dumps(ways))
