"""How a process that answers questions looks for garbage."""

from __future__ import annotations

import gc

OBJECTS = 100_000
"""New objects before the youngest are looked over: more than the largest answer is made of."""


def collect_seldom() -> None:
    """Let Python look for unreachable cycles seldom, and not among what is there to stay.

    An answer is made of tens of thousands of small objects without any cycle. With the
    interpreter's own threshold, 700, the collector goes over them again and again while they are
    made, which takes half the time of the largest answers. Call it when all is loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 20)
