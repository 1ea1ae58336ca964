"""TF-IDF and logistic regression: scikit-learn's defaults, with enough iterations to converge."""

from __future__ import annotations

from protocol import read_job
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

job = read_job()
texts, labels = job.split("train")
classifier = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
with job.training():
    classifier.fit(texts, labels)
job.write(classifier.predict_proba(job.split("test")[0]))
