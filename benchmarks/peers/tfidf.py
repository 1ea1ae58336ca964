"""TF-IDF and logistic regression: scikit-learn's defaults, with enough iterations to converge.

Where a text can have several labels, each label has a classifier of its own.
"""

from __future__ import annotations

from protocol import read_job
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

job = read_job()
texts, labels = job.split("train")
regression = LogisticRegression(max_iter=1000)
classifier = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(regression) if job.several else regression)
with job.training():
    classifier.fit(texts, labels)
job.answer(classifier.predict_proba)
