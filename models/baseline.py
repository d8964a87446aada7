"""The honest baseline beside every score: character TF-IDF and linear support vector machines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from models.examples import Example
from models.metrics import Ints


def _machine(balanced: bool = False) -> Pipeline:
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    return make_pipeline(grams, LinearSVC(C=0.5, class_weight="balanced" if balanced else None))


def stance_by_target(train: Sequence[Example], rows: Sequence[Example]) -> Ints:
    """Predict stance with one machine per target, trained on that target's rows."""
    found = np.zeros(len(rows), np.int64)
    for target in {row.context for row in rows}:
        own = [row for row in train if row.context == target]
        machine = _machine().fit([row.text for row in own], [row.stance for row in own])
        places = [index for index, row in enumerate(rows) if row.context == target]
        found[places] = machine.predict([rows[index].text for index in places])
    return found


def stance_of_pairs(train: Sequence[Example], rows: Sequence[Example]) -> Ints:
    """Predict stance with one machine that reads target and text together."""
    machine = _machine().fit(
        [f"{row.context}。{row.text}" for row in train], [row.stance for row in train]
    )
    return np.asarray(machine.predict([f"{row.context}。{row.text}" for row in rows]), np.int64)


def cells(train: Sequence[Example], rows: Sequence[Example]) -> Ints:
    """Predict each evaluation cell with a machine of its own."""
    truth = np.array([row.evaluation for row in train])
    found = np.zeros((len(rows), truth.shape[1]), np.int64)
    for cell in range(truth.shape[1]):
        machine = _machine(balanced=True).fit([row.text for row in train], truth[:, cell])
        found[:, cell] = machine.predict([row.text for row in rows])
    return found
