"""How a tagger's output came out on labelled rows that it did not learn from. Pure.

The table is made once per model id (``minyi model hold-out``) and kept in the artifact's manifest;
``minyi.shares.adjusting`` learns from it what the tagger mistakes for what, and how much that
differs from policy to policy.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeInt

from minyi.domain import Model
from minyi.outputs import OUTPUTS
from minyi.vocabulary import Aspect, Polarity, Stance

Bin = Annotated[int, Field(ge=0, lt=OUTPUTS)]


class Found(Model):
    """How often praise or criticism of an aspect was held and found."""

    hits: NonNegativeInt = 0
    """Rows that hold it and in which it was found."""
    misses: NonNegativeInt = 0
    """Rows that hold it and in which it was not found."""
    alarms: NonNegativeInt = 0
    """Rows in which it was found and that do not hold it."""


class HeldOutPolicy(Model):
    """The rows of one policy (or of another target that stances were taken on)."""

    stances: dict[Stance, dict[Bin, NonNegativeInt]]
    """True stance → bin of ``minyi.outputs`` → rows; only those above zero."""
    judged: NonNegativeInt = 0
    """Rows whose evaluations were judged as well."""
    evaluations: dict[Aspect, dict[Polarity, Found]] = Field(default_factory=dict)
    """Of the judged rows; cells without any are left out."""


class HeldOut(Model):
    """All held-out rows of one model id."""

    model_id: str
    policies: dict[str, HeldOutPolicy]
    """By the policy's id."""

    @property
    def lacking(self) -> tuple[Stance, ...]:
        """The stances that no row truly has; with any, nothing can be learnt from the table."""
        return tuple(
            stance
            for stance in Stance
            if not any(sum(p.stances.get(stance, {}).values()) for p in self.policies.values())
        )
