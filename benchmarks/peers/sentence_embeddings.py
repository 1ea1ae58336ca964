"""sentence-transformers' embeddings and logistic regression, as its documentation combines them.

Where a text can have several labels, each label has a classifier of its own.
"""

from __future__ import annotations

from protocol import read_job
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

job = read_job()
texts, labels = job.split("train")
regression = LogisticRegression(max_iter=1000)
with job.training():
    encoder = SentenceTransformer(job.model, device="cpu")
    classifier = OneVsRestClassifier(regression) if job.several else regression
    classifier.fit(encoder.encode(texts), labels)
job.answer(lambda unseen: classifier.predict_proba(encoder.encode(unseen)))
