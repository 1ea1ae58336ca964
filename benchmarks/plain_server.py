"""The peer of benchmarks/serve.py: a classifier behind FastAPI, written as the documentation of both shows.

transformers' guide to pipelines gives the call, FastAPI's first steps give the endpoint; a plain `def` is run
in FastAPI's own threads.

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
