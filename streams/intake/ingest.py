"""Ingest a file: read, map, publish; what cannot be read goes to the dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from minyi.clock import already_said
from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Comment
from minyi.errors import InvalidRecord, SettingError
from minyi.ports import Clock, CommentSink
from streams.intake.columns import NAMES, folded, guess
from streams.intake.comments import to_comment
from streams.intake.files import Source
from streams.intake.rows import Row

CHUNK = 500
FIRST = 100
"""Rows that all columns are learned from; rows of JSON may have others further down."""
REPORTED = 20
"""Bad rows that a report shows in full; the dead letters hold all."""


@dataclass
class Report:
    """What became of a file."""

    rows: int = 0
    good: int = 0
    bad: int = 0
    again: int = 0
    """Good rows with the id of an earlier one, which they overwrite."""
    ageless: int = 0
    """Good rows with a band of ages that is none of ours."""
    problems: list[str] = field(default_factory=list)
    """The first bad rows: place and reason."""


@dataclass(frozen=True)
class Plan:
    """How a file is going to be read."""

    file: Source
    mapping: dict[str, str]
    """Field → column."""
    source: str
    unread: tuple[str, ...] = ()
    """Columns of the first rows that no field is read from."""
    now: datetime | None = None
    """What is yet to come then is refused; None lets it pass."""

    def read(self) -> Iterator[tuple[Row, Comment | InvalidRecord]]:
        """Yield each row with its comment, or with the reason why there is none."""
        seen: Counter[bytes] = Counter()
        for row in self.file.rows():
            if row.values is None:
                yield row, row.error or InvalidRecord("unreadable", row.place)
                continue
            try:
                comment = to_comment(row.values, self.mapping, self.source, seen)
                yield row, already_said(comment, self.now) if self.now else comment
            except InvalidRecord as error:
                yield row, error

    def leaves_out_age(self, comment: Comment) -> bool:
        """Return whether a comment's row names an age that was not read, see ``read_age``."""
        column = self.mapping.get("age")
        return column is not None and folded(column) in map(folded, comment.extra)


def plan(
    file: Source, given: Mapping[str, str], source: str | None = None, now: datetime | None = None
) -> Plan:
    """Decide how a file is read, from its columns.

    Raises:
        SettingError: when text or time cannot be found among them.
    """
    file = replace(file, given=given)
    rows = file.rows()
    columns: dict[str, None] = {}
    first: Row | None = None
    for row in islice(rows, FIRST):
        columns.update(dict.fromkeys(_readable(row, given)))
        first = first or row
    later = _later_columns(rows, given) if file.kind in ("json", "jsonl") else ()
    if not columns and not later:
        why = f"; {first.error}" if first else ""
        raise SettingError(f"{file.path}: no row can be read{why}")
    try:
        mapping = guess(columns, given, later)
    except SettingError as error:
        raise SettingError(f"{file.path}: {error}") from error
    name = file.name.encode(errors="replace").decode()  # bytes that are no text
    unread = tuple(column for column in columns if column not in mapping.values())
    return Plan(file, mapping, source or name[:100], unread, now)


def _later_columns(rows: Iterator[Row], given: Mapping[str, str]) -> Collection[str]:
    """Return the columns that only rows further down have, of those that a field can be read from:
    what else rows hold may differ in each of them, and memory is bounded."""
    sought = {folded(name) for names in (*NAMES.values(), given.values()) for name in names}
    found: dict[str, str] = {}
    with suppress(SettingError):  # a file that is cut off: its good rows are taken all the same
        for row in rows:
            for name in _readable(row, given):
                if folded(name) in sought:
                    found.setdefault(folded(name), name)
    return found.values()


def _readable(row: Row, given: Mapping[str, str]) -> Iterator[str]:
    """Yield the columns that a field can be read from: what is nested, like weibo's ``user``, is
    taken for a reply only, or where the user says so."""
    for name, value in (row.values or {}).items():
        if (
            not isinstance(value, dict | list)
            or folded(name) in NAMES["reply.text"]
            or name in given.values()
        ):
            yield name


async def ingest(
    planned: Plan,
    sink: CommentSink,
    clock: Clock,
    advance: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Publish every good row of a file and bury every bad one.

    Ingesting a file again changes nothing: its rows have the same ids.

    Args:
        planned: the file and how it is read.
        sink: where comments and dead letters go.
        clock: stamps the dead letters.
        advance: told after each chunk how many rows it had.

    Raises:
        SettingError: when the file cannot be read to its end; what stands before is published.
    """
    report = Report()
    rows = planned.read()
    ids: set[int] = set()  # hashes: some bytes a row, however long the ids
    broken: SettingError | None = None
    while broken is None:
        good: list[Comment] = []
        dead: list[DeadLetter] = []
        try:
            for row, result in islice(rows, CHUNK):
                if isinstance(result, Comment):
                    good.append(result)
                    report.again += hash(result.id) in ids
                    ids.add(hash(result.id))
                    report.ageless += planned.leaves_out_age(result)
                else:
                    dead.append(_letter(planned, row, result, clock))
                    _note(report, row, result)
        except SettingError as error:
            broken = error
        if not good and not dead:
            break
        await sink.publish(good)
        await sink.bury(dead)
        report.rows += len(good) + len(dead)
        report.good += len(good)
        report.bad += len(dead)
        advance(len(good) + len(dead))
    if broken is not None:
        raise SettingError(f"{broken}. The {report.good:,} good rows before it were taken")
    return report


def _letter(planned: Plan, row: Row, error: InvalidRecord, clock: Clock) -> DeadLetter:
    return dead_letter(
        row.raw,
        origin=f"{planned.file.path.name}:{row.place}",
        stage="read",
        reason=error.reason,
        place=error.place or row.place,
        at=clock.now(),
    )


def _note(report: Report, row: Row, error: InvalidRecord) -> None:
    if len(report.problems) < REPORTED:
        detail = f" ({error.place})" if error.place not in ("", row.place) else ""
        report.problems.append(f"{row.place}: {error.reason}{detail}")
