"""AutoIntent's preset `classic-light` with its defaults, on the encoder that all others have.

It searches by the validation split. A text that it would put outside all classes gets the most probable one,
because a test text has a class.
"""

from __future__ import annotations

import datasets
import numpy as np
from autointent import Dataset, Pipeline
from autointent.configs import LoggingConfig, SentenceTransformerEmbeddingConfig
from autointent.schemas import Intent
from protocol import read_job

job = read_job()
rows = {}
for split in ("train", "validation"):
    texts, labels = job.split(split)
    rows[split] = [
        {"utterance": text, "label": label} for text, label in zip(texts, labels.tolist(), strict=True)
    ]
pipeline = Pipeline.from_preset("classic-light", seed=job.seed + 1)  # It takes no 0.
pipeline.set_config(SentenceTransformerEmbeddingConfig(model_name=job.model, device="cpu"))
pipeline.set_config(LoggingConfig(project_dir=job.out / "autointent", dump_modules=False, clear_ram=False))
with job.training():
    # Not by Dataset.from_dict, which takes the zeros and ones of several labels for two classes.
    intents = [Intent(id=number, name=name) for number, name in enumerate(job.names)]
    tables = {split: datasets.Dataset.from_list(each) for split, each in rows.items()}
    pipeline.fit(Dataset(tables, intents=intents))
answers = pipeline.predict_with_metadata(job.split("test")[0])
chosen = [
    int(np.argmax(answer.score)) if answer.prediction is None else answer.prediction
    for answer in answers.utterances
]
if job.several:
    job.answer_labels([[job.names[place] for place in np.flatnonzero(each)] for each in chosen])
else:
    job.answer_labels([job.names[each] for each in chosen])
