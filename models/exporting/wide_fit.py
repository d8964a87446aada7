"""Fit the wide half of the tagger: logistic regressions over hashed n-grams."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from rich.progress import track
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from models.inputs import CELLS, STANCES
from models.rows.examples import UNKNOWN, Example
from models.wide import BUCKETS, Floats, Indices, WideTable, buckets, context_hash

log = logging.getLogger("models.exporting.wide_fit")
STANCE_STRENGTH, CELL_STRENGTH = 3.0, 10.0
"""Inverse regularisation, chosen on validation rows; 2 to 10 hardly differ."""
STEPS = 60
"""Steps of the optimizer at most; what it gains later does not show on validation rows."""
ENOUGH = 50
"""Rows from which the table knows a policy: all but a few of the registry's have that many, and
targets of the public corpora that stand on few posts do not."""


def fit_wide(rows: Sequence[Example]) -> WideTable:
    """Fit a table on labelled rows; an output that they do not teach stays at zero."""
    weights = np.zeros((BUCKETS, len(STANCES) + len(CELLS)), np.float32)
    bias = np.zeros(weights.shape[1], np.float32)
    split = len(STANCES)
    known = [row for row in rows if row.stance != UNKNOWN]
    stances = [row.stance for row in known]
    if len(set(stances)) == split:
        log.info("wide: stance on %s rows", f"{len(known):,}")
        lit = _matrix([buckets(row.text, row.context)[1] for row in known])
        with _unfinished_is_fine():
            machine = LogisticRegression(C=STANCE_STRENGTH, max_iter=STEPS).fit(lit, stances)
        weights[:, :split], bias[:split] = machine.coef_.T, machine.intercept_
    judged = [row for row in rows if UNKNOWN not in row.evaluation]
    if judged:
        log.info("wide: evaluation on %s rows", f"{len(judged):,}")
        lit = _matrix([buckets(row.text, row.context)[0] for row in judged])
        truth = np.array([row.evaluation for row in judged])
        taught = np.flatnonzero(truth.any(0) & ~truth.all(0))
        for cell in track(taught, description="cells", transient=True):
            machine = LogisticRegression(C=CELL_STRENGTH, max_iter=STEPS, class_weight="balanced")
            with _unfinished_is_fine():
                machine.fit(lit, truth[:, cell])
            weights[:, split + cell], bias[split + cell] = machine.coef_[0], machine.intercept_[0]
    counts = Counter(row.context for row in known)
    contexts = [context_hash(context) for context, count in counts.items() if count >= ENOUGH]
    return WideTable.rounded(weights, bias, np.array(contexts, np.uint32))


def _matrix(rows: Sequence[Indices]) -> csr_matrix:
    """Return the lit buckets as rows of length one."""
    sizes = np.array([len(row) for row in rows])
    values: Floats = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    ends = np.concatenate([[0], sizes.cumsum()])
    return csr_matrix((values, np.concatenate(rows), ends), (len(rows), BUCKETS))


def _unfinished_is_fine() -> warnings.catch_warnings[None]:
    """Let a fit end after ``STEPS`` without a warning."""
    return warnings.catch_warnings(action="ignore", category=ConvergenceWarning)
