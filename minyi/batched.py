"""Splits what comes one by one into lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of ``size`` items, the last one shorter; as ``itertools.batched`` of Python 3.12,
    which gives tuples."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
