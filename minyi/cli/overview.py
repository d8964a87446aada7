"""All policies at once, as ``minyi trend`` and ``minyi demo`` show them."""

from __future__ import annotations

from collections.abc import Mapping

from minyi.domain import Model
from minyi.policy import Policy
from minyi.query import Counts
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Denominator, Uncorrected
from minyi.shares.summaries import OPINIONS
from minyi.trends import Reading, read


class PolicyReading(Reading):
    """What is said of one policy; ``title`` is None when the registry does not hold it."""

    policy_id: str
    title: str | None
    uncorrected: Uncorrected | None
    """Why the shares are not adjusted."""


class Overview(Model):
    """The policies with opinions, the most discussed first."""

    opinions: int
    denominator: str
    items: tuple[PolicyReading, ...]


def overview(
    policies: Mapping[str, Policy],
    totals: Mapping[str, Counts],
    adjuster: Adjuster,
    of: Denominator = OPINIONS,
    every: Mapping[str, Counts] | None = None,
) -> Overview:
    """Return what is said of every policy with opinions; ``every`` holds all opinions on each where
    ``totals`` are narrowed."""
    items = []
    for policy_id, counts in sorted(totals.items(), key=lambda item: (-item[1].total, item[0])):
        reading, why = read(policy_id, counts, adjuster, of, (every or {}).get(policy_id))
        items.append(
            PolicyReading(
                policy_id=policy_id,
                title=policies[policy_id].title if policy_id in policies else None,
                raw=reading.raw,
                adjusted=reading.adjusted,
                uncorrected=why,
            )
        )
    return Overview(
        opinions=sum(counts.total for counts in totals.values()),
        denominator=of.words(of.sided),
        items=tuple(items),
    )
