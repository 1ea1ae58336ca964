"""SetFit with its defaults. Its first phase trains the encoder on pairs of texts, by default on all of them.

All pairs of thousands of texts would take days. `--variant 600` is a limit for the first phase, in seconds of
CPU time on all cores, so that other work on the machine takes nothing from it. `--variant iterations=20`
takes 20 pairs of each sort per text instead, its setting `num_iterations`. The head is fitted on all rows.
Where a text can have several labels, each label has a head of its own.
"""

from __future__ import annotations

import time

from datasets import Dataset
from protocol import read_job
from setfit import SetFitModel, Trainer, TrainingArguments
from transformers import TrainerCallback

job = read_job()
texts, labels = job.split("train")


class TimeLimit(TrainerCallback):
    """Stops a training after a number of seconds of CPU time."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, 0.0

    def on_train_begin(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        """Start the clock: the pairs have been made by now."""
        self._end = time.process_time() + self._seconds

    def on_step_end(self, args, state, control, **rest):  # type: ignore[no-untyped-def]
        """Stop once the time is up."""
        control.should_training_stop = time.process_time() >= self._end
        return control


iterations = job.variant.partition("iterations=")[2]
model = SetFitModel.from_pretrained(
    job.model, **({"multi_target_strategy": "one-vs-rest"} if job.several else {})
)
trainer = Trainer(
    model=model,
    args=TrainingArguments(
        output_dir=str(job.out / "setfit"),
        seed=job.seed,
        report_to="none",
        **({"num_iterations": int(iterations)} if iterations else {}),
    ),
    train_dataset=Dataset.from_dict({"text": texts, "label": labels.tolist()}),
    callbacks=[TimeLimit(float(job.variant))] if job.variant.isdigit() else [],
)
with job.training():
    trainer.train()
job.answer(lambda unseen: model.predict_proba(unseen, as_numpy=True))
