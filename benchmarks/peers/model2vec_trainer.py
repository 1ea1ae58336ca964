"""model2vec's trainer with its defaults, on a static model that is distilled from the encoder first.

The distillation counts as training. The trainer stops early by the validation split.
"""

from __future__ import annotations

from model2vec.distill import distill
from model2vec.train import StaticModelForClassification
from protocol import read_job

job = read_job()


def named(split: str) -> tuple[list[str], list]:
    """Return a split's texts, and their labels by name, as lists of names where there can be several."""
    rows = [row for row in job.rows if row["split"] == split]
    return [row["text"] for row in rows], [row["labels" if job.several else "label"] for row in rows]


texts, labels = named("train")
held_out, held_out_labels = named("validation")
with job.training():
    classifier = StaticModelForClassification.from_static_model(model=distill(job.model, device="cpu"))
    classifier.fit(texts, labels, X_val=held_out, y_val=held_out_labels, device="cpu", random_seed=job.seed)
job.answer(classifier.predict_proba, names=[str(name) for name in classifier.classes])
