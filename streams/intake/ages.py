"""Ages as people write them: in years, ``35岁``, or in bands, ``18-30岁``, ``60岁以上``."""

from __future__ import annotations

import re

from minyi.errors import InvalidRecord
from minyi.text import normalise
from minyi.vocabulary import AgeBand

_OLDEST = 130
_AGE = r"(\d{1,3})(?:周?岁)?"
_YEARS = re.compile(_AGE)
_BETWEEN = re.compile(rf"{_AGE}[-~‐–—―至到]{{1,2}}{_AGE}")
_ABOVE = re.compile(rf"(?:>=?|≥|大于){_AGE}|{_AGE}(?:(?:\(含\))?[及或]?以上|\+)")
_BELOW = re.compile(rf"(?:<=?|≤|[小低]于|[未不]满){_AGE}|{_AGE}(?:\(含\))?[及或]?以下")
_MINOR = re.compile("未成年人?")
_VAGUE = re.compile(r"[少青中老]{1,2}年人?|儿童|成年人?|\d0后")
"""Ages that are said in no years, or in the year of birth."""


def read_age(text: str, field: str) -> int | AgeBand | None:
    """Read an age in years, or a band of ages; None for a band of which nobody can say which one
    of ``AgeBand`` its people are in.

    Raises:
        InvalidRecord: for what is no age, since a row's cells may have moved.
    """
    written = normalise(text).replace(" ", "")
    if match := _YEARS.fullmatch(written):
        return int(match[1])
    if _VAGUE.fullmatch(written):
        return None
    low, high = 0, _OLDEST
    if match := _BETWEEN.fullmatch(written):
        low, high = int(match[1]), int(match[2])
    elif match := _ABOVE.fullmatch(written):
        low = int(match[1] or match[2])
    elif match := _BELOW.fullmatch(written):
        high = int(match[1] or match[2])
    elif _MINOR.fullmatch(written):
        return AgeBand.MINOR
    if (low, high) == (0, _OLDEST) or not low <= high <= _OLDEST:
        raise InvalidRecord(f"{text[:40]!r} is no age in years", f"field {field}")
    return AgeBand.holding(low, high)
