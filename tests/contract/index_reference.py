"""The port ``Index`` in the plainest way, in memory: what every adapter is compared with."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from minyi.domain import SHANGHAI, Opinion
from minyi.errors import InvalidQuery
from minyi.query import Counts, Filters, Group, Interval, Page, Rejection, TrendPoint
from minyi.text import normalise


class ReferenceIndex:
    """Obviously right and slow."""

    def __init__(self) -> None:
        self.opinions: dict[str, Opinion] = {}

    def upsert(self, opinions: Sequence[Opinion]) -> list[Rejection]:
        self.opinions |= {opinion.id: opinion for opinion in opinions}
        return []

    def delete(self, ids: Sequence[str]) -> int:
        return sum(self.opinions.pop(id_, None) is not None for id_ in ids)

    def search(
        self, query: str, filters: Filters, limit: int = 20, cursor: str | None = None
    ) -> Page:
        if limit < 1:
            raise InvalidQuery("limit")
        hits = [o for o in self._matching(filters) if _holds(o, query)]
        hits.sort(key=lambda o: (o.created_at, o.id), reverse=True)
        rest = hits
        if cursor is not None:
            try:
                moment, id_ = cursor.split("|")
                after = datetime.fromisoformat(moment), id_
            except ValueError as error:
                raise InvalidQuery("cursor") from error
            rest = [o for o in hits if (o.created_at, o.id) < after]
        items = rest[:limit]
        more = f"{items[-1].created_at.isoformat()}|{items[-1].id}" if len(rest) > limit else None
        return Page(items=tuple(items), cursor=more, total=len(hits))

    def trend(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        cells: defaultdict[tuple[date, str | None], list[Opinion]] = defaultdict(list)
        for o in self._matching(filters):
            cells[_bucket(o, interval), getattr(o, group) if group else None].append(o)
        points = [
            TrendPoint(
                bucket=bucket,
                group=name,
                counts=_counts([o] for o in opinions),
                collapsed=_counts(_clusters(opinions)),
            )
            for (bucket, name), opinions in cells.items()
        ]
        return sorted(points, key=lambda p: (p.bucket, p.group is not None, p.group or ""))

    def totals(self, filters: Filters) -> dict[str, Counts]:
        policies: defaultdict[str, list[Opinion]] = defaultdict(list)
        for o in self._matching(filters):
            policies[o.policy_id].append(o)
        return {id_: _counts([o] for o in opinions) for id_, opinions in policies.items()}

    def newest(self, filters: Filters) -> datetime | None:
        return max((o.created_at for o in self._matching(filters)), default=None)

    def digest(self) -> tuple[int, str]:
        anonymous = {k: o.model_copy(update={"author": None}) for k, o in self.opinions.items()}
        lines = b"".join(anonymous[id_].to_json() + b"\n" for id_ in sorted(anonymous))
        return len(self.opinions), hashlib.sha256(lines).hexdigest()

    def count(self) -> int:
        return len(self.opinions)

    def close(self) -> None:
        self.opinions.clear()

    def _matching(self, filters: Filters) -> list[Opinion]:
        return [o for o in self.opinions.values() if _passes(o, filters)]


def _holds(opinion: Opinion, query: str) -> bool:
    texts = normalise(opinion.title or ""), normalise(opinion.text)
    return all(any(term in text for text in texts) for term in normalise(query).split())


def _passes(o: Opinion, f: Filters) -> bool:
    plain = ("policy_id", "stance", "region", "channel", "source", "domain")
    return (
        all(getattr(f, name) in (None, getattr(o, name)) for name in plain)
        and f.sure in (None, o.sure)
        and (f.since is None or o.created_at >= f.since)
        and (f.until is None or o.created_at < f.until)
        and (
            (f.aspect is None and f.polarity is None)
            or any(
                f.aspect in (None, e.aspect) and f.polarity in (None, e.polarity)
                for e in o.evaluations
            )
        )
    )


def _bucket(opinion: Opinion, interval: Interval) -> date:
    day = opinion.created_at.astimezone(SHANGHAI).date()
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def _clusters(opinions: Iterable[Opinion]) -> Iterable[list[Opinion]]:
    clusters: defaultdict[tuple[str, str], list[Opinion]] = defaultdict(list)
    for o in opinions:
        clusters[o.duplicate_key, o.stance].append(o)
    return clusters.values()


def _counts(clusters: Iterable[list[Opinion]]) -> Counts:
    """Count clusters of opinions of one stance; one has a cell when any opinion in it has."""
    stances: Counter[str] = Counter()
    evaluations: defaultdict = defaultdict(Counter)
    for cluster in clusters:
        stances[cluster[0].stance.value] += 1
        for aspect, polarity in {(e.aspect, e.polarity) for o in cluster for e in o.evaluations}:
            evaluations[aspect][polarity] += 1
    return Counts(**stances, evaluations={a: dict(p) for a, p in evaluations.items()})
