"""What a share is a share of. Pure.

Opinions can be counted one by one, with near-identical texts once, or as the votes of their
authors; all of them, or only those that take a side; with the tagger's doubtful ones or without.
The choice is in the words that go with every share.
"""

from __future__ import annotations

from enum import StrEnum

from minyi.domain import Model
from minyi.errors import InvalidQuery
from minyi.query import Counts, Filters, Group, Interval, TrendPoint


class Count(StrEnum):
    """What counts as one."""

    OPINIONS = "opinions"
    COLLAPSED = "collapsed"
    """Near-identical texts of one stance are one in a bucket."""
    AUTHORS = "authors"
    """Each author has one vote in a bucket, for the side that more of their opinions took."""


class Uncorrected(StrEnum):
    """Why shares are not adjusted for the tagger's errors."""

    COUNT = "count"
    """Its errors are known opinion by opinion, not for collapsed texts or authors."""
    SURE = "sure"
    """They are known for all of its outputs, not for those that it is sure of."""
    HELD_OUT = "held_out"
    """No held-out rows are known for the models of more than a few opinions, or their outputs are
    not counted."""


class Denominator(Model):
    """What the shares of an answer are shares of."""

    count: Count = Count.OPINIONS
    sided: bool = False
    """Shares of favor and against among those two; none stays a share of all."""
    sure: bool = False
    """Without the opinions in the tagger's abstain band: the filters leave them out."""
    interval: Interval | None = None
    group: Group | None = None

    @property
    def uncorrected(self) -> Uncorrected | None:
        """Why no share of this can be adjusted, whatever is known of the tagger."""
        if self.count is not Count.OPINIONS:
            return Uncorrected.COUNT
        return Uncorrected.SURE if self.sure else None

    def words(self, sided: bool = False) -> str:
        """Say what is counted; ``sided`` for a share among favor and against."""
        which = " for or against" if sided else ""
        sure = " that the tagger is sure of" if self.sure else ""
        every = f" a {self.interval}" if self.interval else ""
        every += f" and {self.group}" if self.group else ""
        if self.count is Count.AUTHORS:
            of = f" of opinions{sure}" if sure else ""
            return f"authors{which}{of}, one vote each{every}"
        once = f", near-identical texts counted once{every}"
        return f"opinions{which}{sure}{once if self.count is Count.COLLAPSED else ''}"

    def of(self, point: TrendPoint) -> Counts:
        """Return what is counted of a point of ``Index.trend``, or of ``votes`` for authors."""
        return point.collapsed if self.count is Count.COLLAPSED else point.counts


def denominator(
    filters: Filters,
    count: Count = Count.OPINIONS,
    sided: bool = False,
    interval: Interval | None = None,
    group: Group | None = None,
) -> Denominator:
    """Return the denominator that is asked for; ``interval`` is None for an answer without buckets.

    Raises:
        InvalidQuery: when it makes no sense.
    """
    if filters.sure is False:
        raise InvalidQuery(
            "sure=false keeps only opinions of doubtful stance, of which no share says anything; "
            "leave it out, or list them as evidence"
        )
    if count is not Count.OPINIONS and interval is None:
        raise InvalidQuery(
            f"count={count} counts once in a bucket, and here are none; ask for a policy's trend, "
            "which also adds its buckets up"
        )
    return Denominator(
        count=count, sided=sided, sure=bool(filters.sure), interval=interval, group=group
    )
