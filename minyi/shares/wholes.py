"""The whole of a policy, beside an answer that a filter or a window narrows. Pure.

A tagger that errs moves the shares of a part as it moves those of a window: by less than they
differ. So a part is read by how it differs from its policy, and nothing but all opinions on the
policy, of every time and group, tell the level that it differs from. Labels are drawn from all of
them, too. Whatever an answer is narrowed to, the same opinions then have the same shares.
"""

from __future__ import annotations

from collections.abc import Mapping

from minyi.ports import Index
from minyi.query import Counts, Filters
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Denominator


def wholes(
    index: Index, filters: Filters, adjuster: Adjuster, of: Denominator
) -> Mapping[str, Counts]:
    """Return all opinions on the policies of which the filters see a part, by policy id.

    Nothing is asked, and none returned, where they see all or where the shares are not adjusted.

    Args:
        index: where the opinions are.
        filters: what the answer is narrowed to.
        adjuster: what is known of the tagger's errors.
        of: what the shares are of.

    Raises:
        IndexUnavailable: when the store cannot be reached.
    """
    every = Filters(policy_id=filters.policy_id)
    adjusted = adjuster.models and not of.uncorrected
    return index.totals(every) if adjusted and filters != every else {}


def whole_of(index: Index, filters: Filters, adjuster: Adjuster, of: Denominator) -> Counts | None:
    """As ``wholes``, of the one policy that the filters name."""
    return wholes(index, filters, adjuster, of).get(filters.policy_id or "")
