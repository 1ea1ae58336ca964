"""`transformers.Trainer`: all layers with its defaults, or the study's steps (`--variant frozen`).

With `frozen`, the encoder's weights stay as they are, and the head trains for the study's 15 epochs at Adam's
usual rate of 0.001. At Trainer's 5e-5, a fresh head would hardly move.
"""

from __future__ import annotations

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
    job.model, num_labels=job.classes, dtype=torch.float32
)
if frozen:
    model.base_model.requires_grad_(False)
rows = {
    split: [
        {"input_ids": ids, "labels": label}
        for ids, label in zip(
            tokenizer(job.split(split)[0], truncation=True)["input_ids"],
            job.split(split)[1].tolist(),
            strict=True,
        )
    ]
    for split in ("train", "test")
}
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
    train_dataset=rows["train"],
    data_collator=DataCollatorWithPadding(tokenizer),
)
with job.training():
    trainer.train()
logits = torch.from_numpy(trainer.predict(rows["test"]).predictions)
job.write(torch.softmax(logits.double(), dim=1).numpy())
