"""Ingest a file: read, map, publish; what cannot be read goes to the dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from minyi.dead_letter import DeadLetter, dead_letter
from minyi.domain import Comment
from minyi.errors import InvalidRecord
from minyi.ports import Clock, CommentSink
from streams.intake.columns import guess, to_comment
from streams.intake.files import Row, Source

CHUNK = 500
REPORTED = 20
"""Bad rows that a report shows in full; the dead letters hold all."""


@dataclass
class Report:
    """What became of a file."""

    rows: int = 0
    good: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    """The first bad rows: place and reason."""


@dataclass(frozen=True)
class Plan:
    """How a file is going to be read."""

    file: Source
    mapping: dict[str, str]
    """Field → column."""
    source: str

    def read(self) -> Iterator[tuple[Row, Comment | InvalidRecord]]:
        """Yield each row with its comment, or with the reason why there is none."""
        for row in self.file.rows():
            if row.values is None:
                yield row, row.error or InvalidRecord("unreadable", row.place)
                continue
            try:
                yield row, to_comment(row.values, self.mapping, self.source)
            except InvalidRecord as error:
                yield row, error


def plan(file: Source, given: Mapping[str, str], source: str | None = None) -> Plan:
    """Decide how a file is read, from the columns of its first rows.

    Raises:
        SettingError: when text or time cannot be found among them.
    """
    columns: dict[str, None] = {}
    for row in islice(file.rows(), 100):
        columns.update(dict.fromkeys(map(str, row.values or ())))
    name = file.path.name.split(".")[0]
    return Plan(file, guess(columns, given), source or name)


async def ingest(
    planned: Plan,
    sink: CommentSink,
    clock: Clock,
    advance: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Publish every good row of a file and bury every bad one.

    Args:
        planned: the file and how it is read.
        sink: where comments and dead letters go.
        clock: stamps the dead letters.
        advance: told after each chunk how many rows it had.
    """
    report = Report()
    rows = planned.read()
    while chunk := list(islice(rows, CHUNK)):
        good: list[Comment] = []
        dead: list[DeadLetter] = []
        for row, result in chunk:
            if isinstance(result, Comment):
                good.append(result)
                continue
            dead.append(
                dead_letter(
                    row.raw,
                    origin=f"{planned.file.path.name}:{row.place}",
                    stage="read",
                    reason=result.reason,
                    place=row.place,
                    at=clock.now(),
                )
            )
            if len(report.problems) < REPORTED:
                detail = f" ({result.place})" if result.place not in ("", row.place) else ""
                report.problems.append(f"{row.place}: {result.reason}{detail}")
        await sink.publish(good)
        await sink.bury(dead)
        report.rows += len(chunk)
        report.good += len(good)
        report.bad += len(dead)
        advance(len(chunk))
    return report
