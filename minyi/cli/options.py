"""Options that several commands take, and how they are read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from minyi.domain import Time
from minyi.errors import InvalidQuery
from minyi.query import Filters, in_order
from minyi.refused import first_told

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="field=column, e.g. text=留言详情; field= leaves it out; repeat for more."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of the log and the index. \\[env: MINYI_DATA; default: var]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
PolicyId = Annotated[str, typer.Argument(help="Policy id.")]
PolicyOrAll = Annotated[str | None, typer.Argument(help="Policy id; none: all policies.")]
Word = Annotated[str | None, typer.Option()]
"""A value that opinions are narrowed to, named after its field."""
Limit = Annotated[int, typer.Option(min=1, max=200)]
Cursor = Annotated[str | None, typer.Option(help="Go on behind an earlier page.")]
Since = Annotated[str | None, typer.Option(help="First day, as 2024-03-01.")]
Until = Annotated[str | None, typer.Option(help="Day after the last, as 2024-04-01.")]

_TIME = TypeAdapter(Time | None)


def filters(since: str | None = None, until: str | None = None, **wanted: object) -> Filters:
    """Build the filters from options of the same names.

    Raises:
        InvalidQuery: naming the option that is wrong.
    """
    times = {"since": _day(since), "until": _day(until)}
    try:
        return in_order(Filters.model_validate(wanted | times))
    except ValidationError as error:
        raise InvalidQuery(f"--{': '.join(first_told(error))}") from error


def moment(option: str, text: str | None) -> datetime | None:
    """Return the first moment of the day that an option names.

    Raises:
        InvalidQuery: naming the option, when it is no day or out of range.
    """
    try:
        return _TIME.validate_python(_day(text))
    except ValidationError as error:
        raise InvalidQuery(f"--{option}: {first_told(error)[1]}") from error


def _day(text: str | None) -> str | None:
    """Return the first moment of a day in Shanghai.

    Raises:
        InvalidQuery: when it is no day.
    """
    if text is None:
        return None
    try:
        return f"{date.fromisoformat(text).isoformat()}T00:00:00+08:00"
    except ValueError as error:
        raise InvalidQuery(f"{text!r} is no day; write it as 2024-03-01") from error
