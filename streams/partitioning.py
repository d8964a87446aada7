"""Where a key's records go: to one partition, whoever sends them."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key among so many, as Kafka's own clients choose it.

    Agents, tools and foreign senders must agree: a record that is retried and a later edit of the
    same comment would else pass each other in two partitions.
    """
    return int(murmur2(key) & 0x7FFFFFFF) % count
