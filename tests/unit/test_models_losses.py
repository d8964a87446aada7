"""What two readings of the same rows cost; needs the train extra."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.inputs import CELLS, STANCES
from models.rows.examples import Example, cells_of
from models.training.config import Source, Stage
from tests.unit.tiny_bert import extra

JUDGED = Example("限行", "", evaluation=cells_of(()))
UNJUDGED = Example("限行", "")
STAGE = Stage(name="labels", sources=(Source(name="data"),), evaluation_weight=3.0)


def read(seed: int, rows: int) -> Any:
    """What a network that draws its logits says of so many rows."""
    torch = extra("torch")
    from models.training.network import Output

    choice = torch.Generator().manual_seed(seed)
    sizes = (len(STANCES), len(CELLS), 4, 8)
    return Output(*(3 * torch.randn(rows, size, generator=choice) for size in sizes))


def twice(one: Any, other: Any) -> Any:
    torch = extra("torch")
    return type(one)(*(torch.cat(both) for both in zip(one, other, strict=True)))


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6))
def test_readings_that_agree_cost_nothing_and_order_does_not_matter(seed: int, rows: int) -> None:
    extra("torch")
    extra("transformers")
    from models.training.losses import disagreement

    one, other = read(seed, rows), read(seed + 1, rows)
    judged = [JUDGED] * rows
    assert disagreement(STAGE, judged, twice(one, one)).item() == 0
    cost = disagreement(STAGE, judged, twice(one, other)).item()
    assert cost > 0
    assert disagreement(STAGE, judged, twice(other, one)).item() == pytest.approx(cost, rel=1e-4)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6))
def test_what_readings_cost_is_the_mean_of_both_divergences(seed: int, rows: int) -> None:
    torch = extra("torch")
    extra("transformers")
    from models.training.losses import disagreement

    kl, distributions = torch.distributions.kl_divergence, torch.distributions
    one, other = read(seed, rows), read(seed + 1, rows)
    stances = [distributions.Categorical(logits=part.stance) for part in (one, other)]
    cells = [distributions.Bernoulli(logits=part.evaluation) for part in (one, other)]
    stance, cell = ((kl(a, b) + kl(b, a)).mean() / 2 for a, b in (stances, cells))
    found = disagreement(STAGE, [JUDGED] * rows, twice(one, other))
    assert found.item() == pytest.approx((stance + 3 * cell).item(), rel=1e-3)
    found = disagreement(STAGE, [UNJUDGED] * rows, twice(one, other))
    assert found.item() == pytest.approx(stance.item(), rel=1e-3)
