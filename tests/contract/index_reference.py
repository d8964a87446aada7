"""The port ``Index`` in the plainest way, in memory: what every adapter is compared with."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from minyi.domain import SHANGHAI, Opinion
from minyi.errors import InvalidQuery
from minyi.outputs import output
from minyi.ports import About, Edits
from minyi.query import (
    AnswerCell,
    Cell,
    Counts,
    Facet,
    Filters,
    Group,
    Interval,
    Page,
    Rejection,
    TrendPoint,
)
from minyi.text import normalise
from minyi.vocabulary import Stance

Values = tuple[str | None, ...]


class ReferenceIndex:
    """Obviously right and slow."""

    def __init__(self) -> None:
        self.opinions: dict[str, Opinion] = {}
        self._edits: dict[str, int] = {}

    def upsert(self, opinions: Sequence[Opinion], edits: Edits = None) -> list[Rejection]:
        before = dict(self._edits)
        older = {}
        for opinion, edit in zip(opinions, edits or [None] * len(opinions), strict=True):
            if edit is None or edit >= self._edits.get(opinion.id, 0):
                self.opinions[opinion.id] = opinion
                self._edits[opinion.id] = edit or self._edits.get(opinion.id, 0)
            elif edit < before.get(opinion.id, 0):
                older[opinion.id] = Rejection(id=opinion.id, reason="older", superseded=True)
        return list(older.values())

    def delete(self, ids: Sequence[str]) -> int:
        for id_ in ids:
            self._edits.pop(id_, None)
        return sum(self.opinions.pop(id_, None) is not None for id_ in ids)

    def retract(self, edits: Sequence[About]) -> int:
        last: dict[str, About] = {}
        for about in edits:
            known = last.get(about.comment_id, about)
            if about.edit is None or about.edit >= (known.edit or 0):
                last[about.comment_id] = about
        gone = []
        for about in last.values():
            held = [o for o in self.opinions.values() if o.comment_id == about.comment_id]
            newest = max((self._edits[o.id] for o in held), default=0)
            for o in held:
                if about.edit is None or about.edit >= newest:
                    gone += [] if o.policy_id in about.policies else [o.id]
                elif self._edits[o.id] < newest:
                    gone.append(o.id)
        return self.delete(gone)

    def refresh(self) -> None: ...

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
        return [
            TrendPoint(
                bucket=bucket, group=name, counts=_counts(opinions), collapsed=_collapsed(opinions)
            )
            for (bucket, name), opinions in self._by_bucket_and_group(filters, interval, group)
        ]

    def volumes(self, filters: Filters, interval: Interval) -> dict[date, int]:
        return dict(sorted(Counter(_bucket(o, interval) for o in self._matching(filters)).items()))

    def totals(self, filters: Filters) -> dict[str, Counts]:
        policies: defaultdict[str, list[Opinion]] = defaultdict(list)
        for o in self._matching(filters):
            policies[o.policy_id].append(o)
        return {id_: _counts(opinions) for id_, opinions in policies.items()}

    def cells(
        self, filters: Filters, by: Sequence[Facet], interval: Interval | None = None
    ) -> list[Cell]:
        cells: defaultdict[tuple[date | None, Values], list[Opinion]] = defaultdict(list)
        for o in self._matching(filters):
            cells[_bucket(o, interval) if interval else None, _values(o, by)].append(o)
        found = [
            Cell(
                bucket=bucket,
                values=values,
                counts=_counts(opinions),
                authors=len(_by_author(opinions)),
            )
            for (bucket, values), opinions in cells.items()
        ]
        return sorted(
            found, key=lambda cell: (cell.bucket or date.min, _lacking_first(cell.values))
        )

    def votes(
        self, filters: Filters, interval: Interval, group: Group | None = None
    ) -> list[TrendPoint]:
        points = []
        for (bucket, name), opinions in self._by_bucket_and_group(filters, interval, group):
            sides = Counter(_vote(theirs) for theirs in _by_author(opinions))
            counts = Counts(**{side.value: n for side, n in sides.items()})
            points.append(TrendPoint(bucket=bucket, group=name, counts=counts, collapsed=counts))
        return points

    def answers(self, filters: Filters, by: Sequence[Facet]) -> list[AnswerCell]:
        cells: defaultdict[tuple[date, Values, bool, int | None], list[Opinion]]
        cells = defaultdict(list)
        for o in self._matching(filters):
            day = _bucket(o, Interval.DAY)
            cells[day, _values(o, by), o.reply is not None, _delay(o)].append(o)
        found = [
            AnswerCell(
                day=day,
                values=values,
                answered=answered,
                delay=delay,
                counts=_counts(opinions).model_copy(update={"outputs": {}}),
            )
            for (day, values, answered, delay), opinions in cells.items()
        ]
        return sorted(
            found,
            key=lambda cell: (
                cell.day,
                _lacking_first(cell.values),
                cell.answered,
                -1 if cell.delay is None else cell.delay,
            ),
        )

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

    def _by_bucket_and_group(
        self, filters: Filters, interval: Interval, group: Group | None
    ) -> list[tuple[tuple[date, str | None], list[Opinion]]]:
        cells: defaultdict[tuple[date, str | None], list[Opinion]] = defaultdict(list)
        for o in self._matching(filters):
            cells[_bucket(o, interval), getattr(o, group) if group else None].append(o)
        return sorted(cells.items(), key=lambda cell: (cell[0][0], _lacking_first(cell[0][1:])))


def _holds(opinion: Opinion, query: str) -> bool:
    texts = normalise(opinion.title or ""), normalise(opinion.text)
    return all(any(term in text for text in texts) for term in normalise(query).split())


def _passes(o: Opinion, f: Filters) -> bool:
    plain = ("policy_id", "stance", "region", "channel", "source", "domain", "age")
    return (
        all(getattr(f, name) in (None, getattr(o, name)) for name in plain)
        and all(getattr(o, facet) is None for facet in f.lacking)
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


def _values(opinion: Opinion, by: Sequence[Facet]) -> Values:
    return tuple(getattr(opinion, facet) for facet in by)


def _lacking_first(values: Values) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in values]


def _by_author(opinions: Iterable[Opinion]) -> list[list[Opinion]]:
    """One list an author; an opinion without one is alone."""
    authors: defaultdict[str, list[Opinion]] = defaultdict(list)
    for o in opinions:
        authors[f"author {o.author}" if o.author is not None else f"opinion {o.id}"].append(o)
    return list(authors.values())


def _vote(opinions: Iterable[Opinion]) -> Stance:
    stances = Counter(o.stance for o in opinions)
    favor, against = stances[Stance.FAVOR], stances[Stance.AGAINST]
    if favor == against:
        return Stance.NONE
    return Stance.FAVOR if favor > against else Stance.AGAINST


def _delay(opinion: Opinion) -> int | None:
    if opinion.reply is None or opinion.reply.at is None:
        return None
    if opinion.reply.at < opinion.created_at:
        days = {at.astimezone(SHANGHAI).date() for at in (opinion.reply.at, opinion.created_at)}
        return 0 if len(days) == 1 else None
    return (opinion.reply.at - opinion.created_at).days


def _counts(opinions: Sequence[Opinion]) -> Counts:
    outputs: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for o in opinions:
        outputs[o.model_id][output(o.stance, o.probabilities)] += 1
    counted = {model_id: dict(bins) for model_id, bins in outputs.items()}
    return _merged([o] for o in opinions).model_copy(update={"outputs": counted})


def _collapsed(opinions: Iterable[Opinion]) -> Counts:
    clusters: defaultdict[tuple[str, str], list[Opinion]] = defaultdict(list)
    for o in opinions:
        clusters[o.duplicate_key, o.stance].append(o)
    return _merged(clusters.values())


def _merged(clusters: Iterable[list[Opinion]]) -> Counts:
    """Count clusters of opinions of one stance; one has a cell when any opinion in it has."""
    stances: Counter[str] = Counter()
    evaluations: defaultdict = defaultdict(Counter)
    for cluster in clusters:
        stances[cluster[0].stance.value] += 1
        for aspect, polarity in {(e.aspect, e.polarity) for o in cluster for e in o.evaluations}:
            evaluations[aspect][polarity] += 1
    return Counts(**stances, evaluations={a: dict(p) for a, p in evaluations.items()})
