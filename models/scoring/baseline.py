"""The honest baseline beside every score: character TF-IDF and linear support vector machines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from minyi.arrays import Integers
from models.rows.examples import Example


def _vectors(class_weight: str | None = None) -> LinearSVC:
    return LinearSVC(C=0.5, class_weight=class_weight)


def _machine(vectors: BaseEstimator) -> Pipeline:
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    return make_pipeline(grams, vectors)


def stance_by_target(train: Sequence[Example], rows: Sequence[Example]) -> Integers:
    """Predict stance with one machine per target, which a row's group names, trained on that
    target's rows."""
    found = np.zeros(len(rows), np.int64)
    for target in {row.group for row in rows}:
        own = [row for row in train if row.group == target]
        machine = _machine(_vectors())
        machine.fit([row.text for row in own], [row.stance for row in own])
        places = [index for index, row in enumerate(rows) if row.group == target]
        found[places] = machine.predict([rows[index].text for index in places])
    return found


class PairMachine:
    """One machine that reads target and text together and predicts the stance."""

    def __init__(self, train: Sequence[Example]) -> None:
        self._machine = _machine(_vectors())
        self._machine.fit(_pairs(train), [row.stance for row in train])

    def predict(self, rows: Sequence[Example]) -> Integers:
        """Return an index of ``STANCES`` for each row."""
        return np.asarray(self._machine.predict(_pairs(rows)), np.int64)


def _pairs(rows: Sequence[Example]) -> list[str]:
    return [f"{row.context}。{row.text}" for row in rows]


class CellMachines:
    """A machine of its own for each evaluation cell, all on the same n-grams."""

    def __init__(self, train: Sequence[Example]) -> None:
        each = MultiOutputClassifier(_vectors("balanced"))
        self._machine = _machine(each)
        self._machine.fit([row.text for row in train], np.array([row.evaluation for row in train]))

    def predict(self, rows: Sequence[Example]) -> Integers:
        """Return 0/1 for each row and cell."""
        return np.asarray(self._machine.predict([row.text for row in rows]), np.int64)
