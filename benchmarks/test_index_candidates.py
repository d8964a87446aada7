"""The contract, put to the store that was not chosen. Off by default; run it with

pytest benchmarks/test_index_candidates.py -o pythonpath=". tests/contract"
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from index_contract import IndexContract  # type: ignore[import-not-found]

from benchmarks.index_duckdb import DuckIndex
from minyi.ports import Index


class TestDuckDB(IndexContract):  # type: ignore[misc]  # tests are not typed packages
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Callable[[], Index]:
        number = count()
        return lambda: DuckIndex(tmp_path / str(next(number)))
