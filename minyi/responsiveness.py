"""Who gets an answer, how soon, and what the others say. Pure.

Only sources that answer at all count: a forum on which nobody ever answers is no office that keeps
people waiting. A source that has answered once, on whatever policy, counts everywhere.

Some replies come with no time. Their opinions are answered; how soon, nobody knows, and
``minyi.survival`` takes that into account. Where that is so of most, nothing is said of how soon.

An opinion was followed from its day to the last day of which everything is known: the day before
the newest event, be that a comment or a reply. Delays count in whole days, begun ones in full:
answered within one day is answered in the first 24 hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from minyi.comparison import Gap, shares_differ
from minyi.daily import SHARES, Series, counted
from minyi.domain import SHANGHAI, Model, Policy
from minyi.ports import Index
from minyi.prevalence import FLOOR, share
from minyi.query import AnswerCell, Facet, Filters, Share
from minyi.seasons import Floats
from minyi.survival import Lifetimes, Proportion, Quantile, kaplan_meier

FOLLOWED = 730
"""Days that an opinion is followed at most; an answer after that is one, but not in the curve."""
LATE = 30
"""Days after which an answer is late, when nobody says otherwise."""
MOST_LATE = 365
WITHIN = (7, 30, 90)
QUANTILES = (0.25, 0.5, 0.75)
MOST_ROWS = 500
OPINIONS = "opinions from sources that answer"
NOTE = (
    "an opinion was written before its answer: a difference says whose opinions are answered, not "
    "what an answer changes"
)


class By(StrEnum):
    """What the answers are told apart by."""

    DEPARTMENT = "department"
    REGION = "region"
    POLICY = "policy"
    SOURCE = "source"


FACETS = {
    By.DEPARTMENT: Facet.POLICY,
    By.REGION: Facet.REGION,
    By.POLICY: Facet.POLICY,
    By.SOURCE: Facet.SOURCE,
}


class Answering(Model):
    """How a set of opinions is answered."""

    value: str | None
    """The department, region, policy id or source; None where the opinions lack it."""
    title: str | None = None
    """Of a policy."""
    opinions: int
    too_few: bool
    """Under ten: nothing else is said."""
    answered: Share | None = None
    """So far; the young have had less time."""
    untimed: int = 0
    """How many were answered, nobody knows when."""
    timed: bool = False
    """Whether most of the answers have a time, so that something is said of how soon."""
    within: tuple[Proportion, ...] = ()
    """Answered within 7, 30 and 90 days, as far as anybody was followed; the young are accounted
    for."""
    quantiles: tuple[Quantile, ...] = ()
    """After how many days a quarter, half and three quarters are answered."""


class Standing(StrEnum):
    """What became of an opinion that was followed long enough."""

    PROMPT = "prompt"
    LATE = "late"
    ANSWERED = "answered"
    """At any time, also one that nobody knows."""
    UNANSWERED = "unanswered"


class Difference(Model):
    """One share among opinions of two standings, and the second less the first."""

    series: Series
    first: Share
    second: Share
    gap: Gap


class Contrasted(Model):
    """What opinions of two standings say; without rows where there are too few of one."""

    first: Standing
    second: Standing
    rows: tuple[Difference, ...]


class Silent(Model):
    """A source that has never answered anything: its opinions are left out."""

    source: str
    opinions: int


class Responsiveness(Model):
    """How opinions are answered, all together and apart."""

    as_of: date | None
    """The last day that is known whole; None when there are no opinions."""
    by: By
    late_after: int
    silent: tuple[Silent, ...]
    all: Answering
    curve: tuple[Proportion, ...]
    """Answered within each number of days on which the share rises, of all."""
    rows: tuple[Answering, ...]
    """The most opinions first."""
    left_out: int
    """Rows beyond the first 500."""
    contrasts: tuple[Contrasted, ...]
    """What the opinions say that were answered in time, late, or not, of all that were followed
    for ``late_after`` days."""
    note: str = NOTE


def read_responsiveness(
    index: Index,
    policies: Mapping[str, Policy],
    scope: Filters,
    by: By,
    today: date,
    late_after: int = LATE,
) -> Responsiveness:
    """Read from the index how opinions are answered.

    Args:
        index: where the opinions are.
        policies: the registry.
        scope: which opinions; what they say must not narrow it.
        by: what they are told apart by.
        today: no event is later.
        late_after: days after which an answer is late.
    """
    facets = (Facet.SOURCE,) if by is By.SOURCE else (Facet.SOURCE, FACETS[by])
    newest = index.newest(Filters())
    everything = index.answers(Filters(), (Facet.SOURCE,))
    answering = {cell.values[0] for cell in everything if cell.answered}
    until = newest and min(_newest(newest.astimezone(SHANGHAI).date(), everything), today)
    cells = index.answers(scope, facets)
    silent: dict[str, int] = defaultdict(int)
    heard = []
    for cell in cells:
        if cell.values[0] in answering:
            heard.append(cell)
        else:
            silent[cell.values[0] or ""] += cell.counts.total
    return responsiveness(heard, policies, by, until, late_after, silent)


def _newest(day: date, cells: Iterable[AnswerCell]) -> date:
    replies = (c.day + timedelta(days=c.delay) for c in cells if c.delay is not None)
    return max(day, max(replies, default=day))


def responsiveness(
    cells: Sequence[AnswerCell],
    policies: Mapping[str, Policy],
    by: By,
    until: date | None,
    late_after: int = LATE,
    silent: Mapping[str, int] | None = None,
) -> Responsiveness:
    """Count how opinions are answered.

    Args:
        cells: of sources that answer; the last value is what they are told apart by.
        policies: the registry.
        by: what that is; a department is the policy's.
        until: the day of the newest event, not over; None when there is none.
        late_after: days after which an answer is late.
        silent: opinions by source that never answers, which are not among the cells.
    """
    as_of = until and until - timedelta(days=1)
    groups: defaultdict[str | None, list[AnswerCell]] = defaultdict(list)
    known: dict[str | None, Policy] = dict(policies.items())
    for cell in cells:
        name = cell.values[-1]
        if by is By.DEPARTMENT:
            policy = known.get(name)
            name = policy.department if policy else None
        groups[name].append(cell)
    rows = []
    for name, part in groups.items():
        policy = known.get(name) if by is By.POLICY else None
        rows.append(_answering(part, as_of, name, policy.title if policy else None))
    rows.sort(key=lambda row: (-row.opinions, row.value or ""))
    everybody = _answering(cells, as_of)
    curve = kaplan_meier(_lives(cells, as_of)).steps() if as_of and everybody.timed else ()
    return Responsiveness(
        as_of=as_of,
        by=by,
        late_after=late_after,
        silent=tuple(
            Silent(source=name, opinions=n)
            for name, n in sorted((silent or {}).items(), key=lambda item: (-item[1], item[0]))
        ),
        all=everybody,
        curve=tuple(curve),
        rows=tuple(rows[:MOST_ROWS]),
        left_out=max(len(rows) - MOST_ROWS, 0),
        contrasts=_contrasts(cells, as_of, late_after) if as_of else (),
    )


def _answering(
    cells: Sequence[AnswerCell],
    as_of: date | None,
    value: str | None = None,
    title: str | None = None,
) -> Answering:
    opinions = sum(cell.counts.total for cell in cells)
    if as_of is None or opinions < FLOOR:
        return Answering(value=value, title=title, opinions=opinions, too_few=True)
    answered = sum(cell.counts.total for cell in cells if cell.answered)
    untimed = sum(cell.counts.total for cell in cells if cell.answered and cell.delay is None)
    timed = untimed <= answered / 2
    curve = kaplan_meier(_lives(cells, as_of)) if timed else None
    return Answering(
        value=value,
        title=title,
        opinions=opinions,
        too_few=False,
        answered=share(answered, opinions, OPINIONS),
        untimed=untimed,
        timed=timed,
        within=tuple(p for p in (curve.within(d) for d in WITHIN) if p) if curve else (),
        quantiles=tuple(curve.quantile(q) for q in QUANTILES) if curve else (),
    )


def _lives(cells: Iterable[AnswerCell], as_of: date) -> Lifetimes:
    """Return the delays in whole days begun; day 0 is before anything can happen.

    What happened after the last whole day is not looked at: it would count the answers of a day
    whose unanswered are not all in.
    """
    events, censored, unknown = (np.zeros(FOLLOWED + 1) for _ in range(3))
    for cell in cells:
        followed = min(max((as_of - cell.day).days, 0), FOLLOWED)
        number = cell.counts.total
        if not cell.answered:
            censored[followed] += number
        elif cell.delay is None:
            unknown[max(followed, 1)] += number
        elif cell.delay + 1 <= followed:
            events[cell.delay + 1] += number
        else:
            censored[followed] += number
    return Lifetimes(events, censored, unknown)


def _contrasts(cells: Iterable[AnswerCell], as_of: date, late_after: int) -> tuple[Contrasted, ...]:
    """Compare opinions that were followed for ``late_after`` days, by what became of them."""
    parts: defaultdict[Standing, list[AnswerCell]] = defaultdict(list)
    for cell in cells:
        if (as_of - cell.day).days < late_after:
            continue
        if not cell.answered:
            parts[Standing.UNANSWERED].append(cell)
            continue
        parts[Standing.ANSWERED].append(cell)
        if cell.delay is not None:
            late = cell.delay + 1 > late_after
            parts[Standing.LATE if late else Standing.PROMPT].append(cell)
    pairs = (Standing.PROMPT, Standing.LATE), (Standing.ANSWERED, Standing.UNANSWERED)
    return tuple(_contrasted(parts, *pair) for pair in pairs)


def _contrasted(
    parts: Mapping[Standing, Sequence[AnswerCell]], first: Standing, second: Standing
) -> Contrasted:
    rows = []
    for series in SHARES:
        found = shares_differ(
            _by_day(parts[first], series), _by_day(parts[second], series), OPINIONS
        )
        if found:
            rows.append(Difference(series=series, first=found[0], second=found[1], gap=found[2]))
    return Contrasted(first=first, second=second, rows=tuple(rows))


def _by_day(cells: Sequence[AnswerCell], series: Series) -> tuple[Floats, Floats]:
    """Return what a share counts and all there is, for each day with opinions."""
    days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    for cell in cells:
        days[cell.day][0] += counted(cell.counts, series)
        days[cell.day][1] += cell.counts.total
    table = np.array([days[day] for day in sorted(days)], dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
