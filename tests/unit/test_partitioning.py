"""The partition of a key is the one that Kafka's own clients choose."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner

from streams.partitioning import partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
@pytest.mark.parametrize("count", [1, 4, 12])
def test_known_values(key: bytes, hashed: int, count: int) -> None:
    """The hashes are those of Kafka's own ``UtilsTest``."""
    assert partition_of(key, count) == (hashed & 0x7FFFFFFF) % count


def test_the_client_of_the_tools_chooses_the_same() -> None:
    for key in [b"", "政策".encode(), *(b"comment-%d" % n for n in range(500))]:
        assert partition_of(key, 7) == DefaultPartitioner()(key, list(range(7)), list(range(7)))
