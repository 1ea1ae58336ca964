"""`transformers.Trainer`: all layers with its defaults, or the study's steps (`--variant frozen`).

With `frozen`, the encoder's weights stay as they are, and the head trains for the study's 15 epochs at Adam's
usual rate of 0.001. At Trainer's 5e-5, a fresh head would hardly move. Where a text can have several labels,
`problem_type` says so, and every label has a sigmoid.
"""

from __future__ import annotations

import numpy as np
import torch
from protocol import read_job
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

job = read_job()
frozen = job.variant == "frozen"
set_seed(job.seed)
tokenizer = AutoTokenizer.from_pretrained(job.model)
model = AutoModelForSequenceClassification.from_pretrained(
    job.model,
    num_labels=job.classes,
    dtype=torch.float32,
    **({"problem_type": "multi_label_classification"} if job.several else {}),
)
if frozen:
    model.base_model.requires_grad_(False)
texts, labels = job.split("train")
targets = (labels.astype(float) if job.several else labels).tolist()


def tokenized(texts: list[str]) -> list[dict[str, object]]:
    """Return texts as token ids."""
    return [{"input_ids": ids} for ids in tokenizer(texts, truncation=True)["input_ids"]]


def probabilities_of(unseen: list[str]) -> np.ndarray:
    """Return the probabilities of texts."""
    logits = torch.from_numpy(trainer.predict(tokenized(unseen)).predictions).double()
    return (torch.sigmoid(logits) if job.several else torch.softmax(logits, dim=1)).numpy()


trainer = Trainer(
    model,
    TrainingArguments(
        output_dir=str(job.out / "trainer"),
        seed=job.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **({"num_train_epochs": 15, "learning_rate": 1e-3} if frozen else {}),
    ),
    train_dataset=[{**row, "labels": target} for row, target in zip(tokenized(texts), targets, strict=True)],
    data_collator=DataCollatorWithPadding(tokenizer),
)
with job.training():
    trainer.train()
job.answer(probabilities_of)
