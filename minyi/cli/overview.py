"""All policies at once, as ``minyi trend`` and ``minyi demo`` show them."""

from __future__ import annotations

from collections.abc import Mapping

from minyi.domain import Model
from minyi.policy import Policy
from minyi.ports import Index
from minyi.query import Filters
from minyi.questions import read_shares
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Count, denominator
from minyi.trends import PolicyReading


class Listed(PolicyReading):
    """What is said of one policy; ``title`` is None when the registry does not hold it."""

    policy_id: str
    title: str | None


class Overview(Model):
    """The policies with opinions, the most discussed first."""

    opinions: int
    denominator: str
    items: tuple[Listed, ...]


def overview(
    policies: Mapping[str, Policy],
    index: Index,
    scope: Filters,
    adjuster: Adjuster,
    count: Count = Count.OPINIONS,
    sided: bool = False,
) -> Overview:
    """Return what is said of every policy with opinions."""
    readings = read_shares(index, scope, adjuster, count, sided)
    return Overview(
        opinions=sum(reading.raw.n for reading in readings.values()),
        denominator=denominator(scope, count, sided).words(sided),
        items=tuple(
            Listed(
                policy_id=policy_id,
                title=policies[policy_id].title if policy_id in policies else None,
                raw=reading.raw,
                adjusted=reading.adjusted,
                uncorrected=reading.uncorrected,
            )
            for policy_id, reading in sorted(
                readings.items(), key=lambda item: (-item[1].raw.n, item[0])
            )
        ),
    )
