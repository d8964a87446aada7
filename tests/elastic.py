"""Indices of their own in a real Elasticsearch, emptied and used again: making them is slow."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_hex

from elasticsearch import Elasticsearch

from indexers.client import connect
from indexers.elastic import ElasticIndex
from indexers.lifecycle import Names, set_up
from indexers.mappings import SETTINGS
from minyi.setting_groups import ElasticSettings

NOW = datetime(2024, 5, 20, tzinfo=UTC)


class Worlds:
    """Hands out empty indices, each behind an alias of its own, and removes all at the end.

    Args:
        url: of the server.
        settings: how to log in.
    """

    def __init__(self, url: str, settings: ElasticSettings | None = None) -> None:
        self.url = url
        self.settings = settings or ElasticSettings()
        self.client = self.connect()
        self._free: list[Names] = []
        self._all: list[Names] = []

    def connect(self) -> Elasticsearch:
        return connect(self.url, self.settings, timeout_s=60)  # many tests may share the machine

    def names(self) -> Names:
        """Return names that nobody uses."""
        names = Names(f"test-{token_hex(6)}")
        self._all.append(names)
        return names

    def fresh(self) -> ElasticIndex:
        """Return an empty index that finds what it writes at once."""
        if self._free:
            names = self._free.pop()
            self.empty(names)
        else:
            names = self.names()
            set_up(self.client, names, NOW)
            self.hasten(names)
        return _Lent(self, names)

    def hasten(self, names: Names) -> None:
        """Let new months write to the disk when they like: no test here cuts the power."""
        settings = SETTINGS | {"translog.durability": "async"}
        self.client.cluster.put_component_template(
            name=names.settings, template={"settings": {"index": settings}}
        )
        durability = {"index.translog.durability": "async"}
        self.client.indices.put_settings(index=names.alias, settings=durability)

    def give_back(self, names: Names) -> None:
        self._free.append(names)

    def empty(self, names: Names) -> None:
        index = ElasticIndex(self.client, names, read_own_writes=True)
        while hits := self.client.search(index=names.alias, size=1000, source=False)["hits"][
            "hits"
        ]:
            index.delete([hit["_id"] for hit in hits])

    def close(self) -> None:
        """Remove everything."""
        for names in self._all:
            indices = self.client.indices.get(index=f"{names.alias}-v*", expand_wildcards="all")
            if indices:
                self.client.indices.delete(index=",".join(indices))
            quiet = self.client.options(ignore_status=404)
            for generation in range(1, 5):
                quiet.indices.delete_index_template(name=names.generation(generation))
            for component in (names.mappings, names.settings):
                quiet.cluster.delete_component_template(name=component)
        self.client.close()


class _Lent(ElasticIndex):
    def __init__(self, worlds: Worlds, names: Names) -> None:
        super().__init__(worlds.connect(), names, read_own_writes=True)
        self._worlds, self._lent = worlds, names

    def close(self) -> None:
        super().close()
        self._worlds.give_back(self._lent)
