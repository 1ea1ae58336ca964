"""Ask a server through Hugging Face's client.

In: the server's URL and the model's name as arguments, texts as JSON on standard input. Out: the
probabilities (texts, classes) by way of asking, as JSON.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.pop("HF_HUB_OFFLINE", None)  # For the client, it includes connections to this computer.

from huggingface_hub import InferenceClient

client = InferenceClient(base_url=sys.argv[1])
answers = [client.text_classification(text, top_k=1000) for text in json.load(sys.stdin)]
by_label = [{element.label: element.score for element in answer} for answer in answers]
names = sorted(by_label[0])
print(json.dumps({"text_classification": [[scores[name] for name in names] for scores in by_label]}))
