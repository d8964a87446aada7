"""Headers of two rows: groups (联系人) above the names of their columns (姓名, 区域)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from streams.intake.columns import bare, folded, is_sought

_NO_GROUP = re.compile(r"[:：\d]|.{13}", re.DOTALL)
"""In a title or a note above a table."""
_OFFICE = re.compile("[办复]|处理|受理|审核|单位|部门|官方")
"""In the name of a group whose columns are the office's, not the citizen's."""
_WIDEST = 1_000
"""Columns of a table that is looked at; no office's has more."""
_VAGUE = 2
"""Characters of a name like 时间, which says nothing without its group."""


def combined(
    upper: Sequence[str], lower: Sequence[str], given: Mapping[str, str]
) -> list[str] | None:
    """Return the names of the columns under a header of two rows, None when they are none: what
    stands above is a title, or below are values.

    A column is called as its lower cell says, or its upper one where nothing stands below. It is
    called by both (答复时间 for 时间 under 答复) where that is a name that is known or mapped,
    where another column has the lower name, too, and where a vague name stands among what the
    office did.

    Args:
        upper: cells of a row.
        lower: cells of the row below.
        given: the user's own map, field → column.
    """
    if max(len(upper), len(lower)) > _WIDEST:
        return None
    cells = [(a.strip(), b.strip()) for a, b in zip_longest(upper, lower, fillvalue="")]
    groups = _groups(cells)
    inner = {group for group, (_, below) in zip(groups, cells, strict=True) if below}
    over_all = len(inner) == 1 and sum(bool(above) for above, _ in cells) == 1
    if inner <= {""} or over_all or any(map(_NO_GROUP.search, inner)):
        return None
    names = []
    found = False
    for place, (group, (above, below)) in enumerate(zip(groups, cells, strict=True)):
        following = cells[place + 1] if place + 1 < len(cells) else ("", "")
        heads = not following[0] and following[1]  # the column beside is of its group, too
        if above and below and not heads and is_sought(above, given):
            return None  # a value below the name of its column
        both = is_sought(group + below, given)
        found |= bool(below) and (both or is_sought(below, given))
        office = _OFFICE.search(group) and len(bare(below)) <= _VAGUE
        names.append(group + below if both or office else below or above)
    if not found:
        return None
    times = Counter(map(folded, names))
    return [
        group + name if name == below and times[folded(name)] > 1 else name
        for name, group, (_, below) in zip(names, groups, cells, strict=True)
    ]


def _groups(cells: Sequence[tuple[str, str]]) -> list[str]:
    """Return for each column what stands above its lower cell, or above those before it; nothing
    for a column without one."""
    groups = []
    group = ""
    for above, below in cells:
        group = (above or group) if below else ""
        groups.append(group)
    return groups
