"""sentence-transformers' embeddings and logistic regression, as its documentation combines them."""

from __future__ import annotations

from protocol import read_job
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

job = read_job()
texts, labels = job.split("train")
with job.training():
    encoder = SentenceTransformer(job.model, device="cpu")
    classifier = LogisticRegression(max_iter=1000).fit(encoder.encode(texts), labels)
job.write(classifier.predict_proba(encoder.encode(job.split("test")[0])))
