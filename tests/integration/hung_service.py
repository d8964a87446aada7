"""``minyi`` with an index whose writes never come back: for tests of how a service ends."""

from __future__ import annotations

import time
from collections.abc import Sequence

from indexers.embedded import EmbeddedIndex
from minyi.cli import main
from minyi.domain import Opinion
from minyi.query import Rejection


def hang(self: EmbeddedIndex, opinions: Sequence[Opinion]) -> list[Rejection]:
    time.sleep(3600)
    raise AssertionError("woken too late")


if __name__ == "__main__":
    EmbeddedIndex.upsert = hang  # type: ignore[method-assign]
    main()
