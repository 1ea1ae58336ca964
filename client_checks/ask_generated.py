"""Ask a server through a client that openapi-python-client makes of the server's own description.

In: the server's URL and the model's name as arguments, texts as JSON on standard input. Out: the
probabilities (texts, classes) by way of asking, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from importlib import import_module
from pathlib import Path

url, model = sys.argv[1:3]
texts = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    urllib.request.urlretrieve(f"{url}/openapi.json", folder / "openapi.json")
    (folder / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    command = [str(Path(sys.executable).parent / "openapi-python-client"), "generate"]
    options = ["--path", "openapi.json", "--config", "config.yml", "--output-path", "client"]
    made = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=True)
    sys.path.insert(0, str(folder / "client"))
    package = import_module("textune_client")
    models = import_module("textune_client.models")
    client = package.Client(base_url=url)

    def ask(operation: str, body: object) -> object:
        answer = import_module(f"textune_client.api.default.{operation}").sync(client=client, body=body)
        assert answer is not None and "Error" not in type(answer).__name__, answer
        return answer

    safe = model.replace("-", "_")
    predicted = ask(
        f"predict_instances_v1_models_{safe}_predict_post", models.InstancesRequest(instances=texts)
    )
    names = list(predicted.predictions[0].scores.to_dict())
    scores = ask("classify_post", models.ClassifyRequest(inputs=texts))
    by_label = [{score.label: score.score for score in each} for each in scores]
    labels = ask("labels_labels_post", models.LabelsRequest(inputs=texts))
    classes = ask("classify_classify_post", models.VllmRequest(input_=texts))
    tensor = models.InputTensor(name="text", shape=[len(texts)], datatype="BYTES", data=texts)
    inferred = ask(f"infer_v2_models_{safe}_infer_post", models.InferRequest(inputs=[tensor]))
    [numbers] = [output.data for output in inferred.outputs if output.name == "probabilities"]
ways = {
    "/": [[scores[name] for name in names] for scores in by_label],
    "/labels": [list(each.scores.to_dict().values()) for each in labels],
    "KServe V1": [list(each.scores.to_dict().values()) for each in predicted.predictions],
    "vLLM": [each.probs for each in classes.data],
    "Open Inference Protocol": [
        numbers[start : start + len(names)] for start in range(0, len(numbers), len(names))
    ],
}
print(json.dumps(ways))
