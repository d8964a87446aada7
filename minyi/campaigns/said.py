"""What is kept of the opinions among which campaigns are looked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from minyi.campaigns.sketch import core
from minyi.domain import Opinion
from minyi.query import Facet, Filters
from minyi.vocabulary import AgeBand, Domain, Evaluated, Stance


@dataclass(frozen=True, slots=True)
class Said:
    """What is kept of an opinion in order to count it and to show it as a campaign's member."""

    id: str
    comment_id: str
    created_at: datetime
    key: str
    title: str | None
    text: str
    span: tuple[int, int] | None
    named: tuple[str, ...]
    stance: Stance
    cells: frozenset[Evaluated]
    sure: bool
    source: str
    domain: Domain
    author: str | None
    region: str | None
    channel: str | None
    age: AgeBand | None

    @classmethod
    def of(cls, opinion: Opinion) -> Said:
        return cls(
            id=opinion.id,
            comment_id=opinion.comment_id,
            created_at=opinion.created_at,
            key=opinion.duplicate_key,
            title=opinion.title,
            text=opinion.text,
            span=opinion.span,
            named=opinion.link.evidence,
            stance=opinion.stance,
            cells=frozenset((e.aspect, e.polarity) for e in opinion.evaluations),
            sure=opinion.sure,
            source=opinion.source,
            domain=opinion.domain,
            author=opinion.author,
            region=opinion.region,
            channel=opinion.channel,
            age=opinion.age,
        )

    @property
    def core(self) -> str:
        """What of the text is compared: without the words that name the policy."""
        return core(self.text, self.named)


def passes(one: Said, filters: Filters) -> bool:
    """Whether filters keep an opinion, as an index would; its policy is not looked at."""
    plain = ("stance", "region", "channel", "source", "domain", "age")
    return (
        all(getattr(filters, name) in (None, getattr(one, name)) for name in plain)
        and filters.sure in (None, one.sure)
        and (filters.since is None or one.created_at >= filters.since)
        and (filters.until is None or one.created_at < filters.until)
        and all(_lacks(one, facet) for facet in filters.lacking)
        and (
            (filters.aspect is None and filters.polarity is None)
            or any(
                filters.aspect in (None, aspect) and filters.polarity in (None, polarity)
                for aspect, polarity in one.cells
            )
        )
    )


def _lacks(one: Said, facet: Facet) -> bool:
    return facet is not Facet.POLICY and getattr(one, facet.value) is None
