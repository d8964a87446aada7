"""Who gets an answer, how soon, and what the others say. Pure.

Only sources that answer at all count: a forum on which nobody ever answers is no office that keeps
people waiting. A source that has answered once, on whatever policy, counts everywhere.

Some replies come with no time. Their opinions are answered; how soon, nobody knows, and
``minyi.replies.survival`` takes that into account. Where that is so of most, nothing is said of how
soon.

An opinion was followed from its day to the last day of which everything is known: the day before
the newest event, be that any comment or a reply to one that is looked at. Delays count in whole
days, begun ones in full: answered within one day is answered in the first 24 hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

from minyi.clock import newest_day
from minyi.domain import Model
from minyi.policy import Policy
from minyi.ports import Index
from minyi.prevalence import FLOOR, share
from minyi.query import AnswerCell, Facet, Filters, Share
from minyi.replies.contrasts import Contrasted, contrasts
from minyi.replies.survival import Proportion, Quantile, kaplan_meier
from minyi.replies.waiting import Waiting, waiting
from minyi.shares.denominators import Denominator, denominator

LATE = 30
"""Days after which an answer is late, when nobody says otherwise."""
MOST_LATE = 365
WITHIN = (7, 30, 90)
QUANTILES = (0.25, 0.5, 0.75)
MOST_ROWS = 500
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


def answering_sources(index: Index) -> frozenset[str | None]:
    """Return the sources that have ever answered anything; reads all opinions."""
    cells = index.answers(Filters(), (Facet.SOURCE,))
    return frozenset(cell.values[0] for cell in cells if cell.answered)


def read_responsiveness(
    index: Index,
    policies: Mapping[str, Policy],
    answering: Collection[str | None],
    scope: Filters,
    by: By,
    today: date,
    late_after: int = LATE,
) -> Responsiveness:
    """Read from the index how opinions are answered.

    Args:
        index: where the opinions are.
        policies: the registry.
        answering: the sources that answer.
        scope: which opinions; what they say must not narrow it.
        by: what they are told apart by.
        today: no event is later.
        late_after: days after which an answer is late.

    Raises:
        IndexUnavailable: when the store cannot be reached.
        InvalidQuery: when the scope keeps only opinions of doubtful stance.
    """
    of = denominator(scope)
    facets = (Facet.SOURCE,) if by is By.SOURCE else (Facet.SOURCE, FACETS[by])
    newest = newest_day(index, today)
    cells = index.answers(scope, facets)
    until = newest and max([newest, *(day for day in _replies(cells) if day <= today)])
    silent: dict[str, int] = defaultdict(int)
    heard = []
    for cell in cells:
        if cell.values[0] in answering:
            heard.append(cell)
        else:
            silent[cell.values[0] or ""] += cell.counts.total
    return responsiveness(heard, policies, by, until, late_after, silent, of)


def _replies(cells: Iterable[AnswerCell]) -> Iterator[date]:
    """Yield the days of the replies."""
    return (cell.day + timedelta(days=cell.delay) for cell in cells if cell.delay is not None)


def responsiveness(
    cells: Sequence[AnswerCell],
    policies: Mapping[str, Policy],
    by: By,
    until: date | None,
    late_after: int,
    silent: Mapping[str, int],
    of: Denominator,
) -> Responsiveness:
    """Count how opinions are answered.

    Args:
        cells: of sources that answer; the last value is what they are told apart by.
        policies: the registry.
        by: what that is; a department is the policy's.
        until: the day of the newest event, not over; None when there is none.
        late_after: days after which an answer is late.
        silent: opinions by source that never answers, which are not among the cells.
        of: what the shares are of.
    """
    as_of = until and until - timedelta(days=1)
    table = waiting(cells, as_of or date.min)
    words = f"{of.words()} from sources that answer"
    rows = []
    for name, part in _groups(cells, policies, by).items():
        policy = policies.get(name) if by is By.POLICY and name else None
        rows.append(_answering(table.of(part), words, name, policy.title if policy else None))
    rows.sort(key=lambda row: (-row.opinions, row.value or ""))
    everybody = _answering(table, words)
    curve = kaplan_meier(table.lives()).steps() if everybody.timed else ()
    return Responsiveness(
        as_of=as_of,
        by=by,
        late_after=late_after,
        silent=tuple(
            Silent(source=name, opinions=n)
            for name, n in sorted(silent.items(), key=lambda item: (-item[1], item[0]))
        ),
        all=everybody,
        curve=tuple(curve),
        rows=tuple(rows[:MOST_ROWS]),
        left_out=max(len(rows) - MOST_ROWS, 0),
        contrasts=contrasts(table, words, late_after),
    )


def _groups(
    cells: Sequence[AnswerCell], policies: Mapping[str, Policy], by: By
) -> dict[str | None, list[int]]:
    """Return the places of each group's cells."""
    groups: defaultdict[str | None, list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        name = cell.values[-1]
        if by is By.DEPARTMENT:
            policy = policies.get(name) if name else None
            name = policy.department if policy else None
        groups[name].append(place)
    return groups


def _answering(
    table: Waiting, words: str, value: str | None = None, title: str | None = None
) -> Answering:
    opinions = int(table.counts[:, 0].sum())
    if opinions < FLOOR:
        return Answering(value=value, title=title, opinions=opinions, too_few=True)
    answered = int(table.counts[table.answered, 0].sum())
    untimed = int(table.counts[table.answered & (table.delay == 0), 0].sum())
    timed = untimed <= answered / 2
    curve = kaplan_meier(table.lives()) if timed else None
    return Answering(
        value=value,
        title=title,
        opinions=opinions,
        too_few=False,
        answered=share(answered, opinions, words),
        untimed=untimed,
        timed=timed,
        within=tuple(p for p in (curve.within(d) for d in WITHIN) if p) if curve else (),
        quantiles=tuple(curve.quantile(q) for q in QUANTILES) if curve else (),
    )
