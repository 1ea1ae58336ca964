"""Ask a server through NVIDIA's tritonclient, with its own defaults and without them.

In: the server's URL and the model's name as arguments, texts as JSON on standard input. Out: the
probabilities (texts, classes) by way of asking, as JSON.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import tritonclient.http as triton

url, model = sys.argv[1:3]
texts = json.load(sys.stdin)
client = triton.InferenceServerClient(url.removeprefix("http://"))
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(model, "1")
names = [output["name"] for output in client.get_model_metadata(model)["outputs"]]
assert {"probabilities", "label"} <= set(names), names

ways = {}
for binary in (True, False):
    column = triton.InferInput("text", [len(texts), 1], "BYTES")
    column.set_data_from_numpy(np.array(texts, dtype=object)[:, None], binary_data=binary)
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary)]
    answer = client.infer(model, [column], outputs=wanted)
    ways[f"infer, {'bytes' if binary else 'JSON'}"] = answer.as_numpy("probabilities").tolist()
answer = client.infer(model, [column], model_version="1", request_id="7")
assert answer.get_response()["id"] == "7"
ways["infer, all outputs"] = answer.as_numpy("probabilities").tolist()

wanted = [triton.InferRequestedOutput("probabilities", class_count=1)]
first = client.infer(model, [column], outputs=wanted).as_numpy("probabilities")
assert [entry.decode().split(":")[2] for [entry] in first] == [
    label.decode() for label in answer.as_numpy("label")
]
try:
    client.infer("another-model", [column])
except triton.InferenceServerException as error:
    assert error.status() == "404", error
else:
    raise AssertionError("Another model has answered.")
print(json.dumps(ways))
