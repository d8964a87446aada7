"""Opinions that tests make; what a test does not say of one is of no account."""

from __future__ import annotations

from typing import Any

from minyi.domain import Opinion, opinion_id
from minyi.text import duplicate_key
from minyi.vocabulary import Domain, Stance

ELEVATOR, WASTE = "elevator-retrofit", "waste-sorting"


def opinion(comment: str, text: str, policy: str = ELEVATOR, **more: Any) -> Opinion:
    values = {
        "id": opinion_id(comment, policy),
        "comment_id": comment,
        "policy_id": policy,
        "domain": Domain.HOUSING,
        "source": "test",
        "created_at": "2026-03-01T12:00:00+08:00",
        "text": text,
        "link": {"policy_id": policy, "by": "alias", "evidence": ["电梯"]},
        "stance": Stance.FAVOR,
        "probabilities": {"favor": 1, "against": 0, "none": 0},
        "duplicate_key": duplicate_key(text),
        "model_id": "m",
    }
    return Opinion.model_validate(values | more)
