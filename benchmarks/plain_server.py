"""The peer of benchmarks/serve.py: transformers' pipeline behind FastAPI, as their documentation shows it.

The call is from transformers' guide to pipelines, and the endpoint from FastAPI's first steps. FastAPI runs a
plain `def` in its own threads.

    python benchmarks/plain_server.py MODEL_FOLDER PORT
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

classifier = pipeline("text-classification", model=sys.argv[1], top_k=None)
app = FastAPI()


class Query(BaseModel):
    inputs: str


@app.post("/")
def classify(query: Query) -> list[list[dict[str, object]]]:
    return classifier(query.inputs)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
