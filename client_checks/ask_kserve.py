"""Ask a server through KServe's client, in both of its protocols.

In: the server's URL and the model's name as arguments, texts as JSON on standard input. Out: the
probabilities (texts, classes) by way of asking, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def ask(url: str, model: str, texts: list[str]) -> dict[str, list[list[float]]]:
    first, second = (InferenceRESTClient(RESTConfig(protocol=version)) for version in ("v1", "v2"))
    assert await first.is_model_ready(url, model) and await second.is_model_ready(url, model)
    assert await second.is_server_ready(url) and await second.is_server_live(url)
    answer = await first.infer(url, {"instances": texts}, model_name=model)
    ways = {"V1": [list(each["scores"].values()) for each in answer["predictions"]]}
    explained = await first.explain(url, model, {"instances": texts[:1]})
    assert explained["explanations"][0]["label"] == answer["predictions"][0]["label"]
    for binary in (True, False):
        column = InferInput("text", [len(texts)], "BYTES")
        column.set_data_from_numpy(np.array(texts, dtype=object), binary_data=binary)
        request = InferRequest(
            model_name=model, infer_inputs=[column], parameters={"binary_data_output": binary}
        )
        outputs = (await second.infer(url, request, model_name=model)).outputs
        [probabilities] = [output.as_numpy() for output in outputs if output.name == "probabilities"]
        ways[f"V2, {'bytes' if binary else 'JSON'}"] = probabilities.tolist()
    try:
        await second.infer(url, {"inputs": []}, model_name=model)
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == 400, error
    else:
        raise AssertionError("A request without inputs was answered.")
    return ways


print(json.dumps(asyncio.run(ask(*sys.argv[1:3], json.load(sys.stdin)))))
