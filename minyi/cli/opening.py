"""Opens the opinion index where the settings say that it is. Heavy imports wait until they are
needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING

from minyi.cli.patience import until_available
from minyi.clock import SystemClock
from minyi.errors import SettingError
from minyi.ports import Index
from minyi.settings import Settings, embedded_path

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from indexers.elastic import ElasticIndex

SLOW_S = 60.0
"""How long one request may take that makes or moves indices."""


@contextmanager
def index(config: Settings) -> Iterator[Index]:
    """Open the opinion index; where there is none yet, make it.

    Raises:
        SettingError: when it cannot be used as it is set.
        IndexUnavailable: when Elasticsearch does not answer.
    """
    from indexers.embedded import EmbeddedIndex

    if config.embedded_index:
        opened: Index = EmbeddedIndex(embedded_path(config.index_url))
    else:
        set_up_index(config, only_missing=True)
        opened = elastic_index(config)
    try:
        yield opened
    finally:
        opened.close()


@asynccontextmanager
async def open_index(config: Settings, patient: bool = False) -> AsyncIterator[Index]:
    """Open the opinion index as :func:`index` does, while the event loop goes on.

    Args:
        config: the settings.
        patient: whether to wait for an Elasticsearch that is away.
    """
    with ExitStack() as stack:
        yield await until_available(
            lambda: asyncio.to_thread(stack.enter_context, index(config)),
            patient and not config.embedded_index,
        )


@contextmanager
def existing_index(config: Settings) -> Iterator[Index]:
    """Open the index, but make none: a mistyped folder must not look like an empty answer.

    Raises:
        SettingError: when there is none.
    """
    from indexers.embedded import FILE, EmbeddedIndex

    if not config.embedded_index:
        with closing(elastic_index(config)) as elastic:
            elastic.check()
            yield elastic
        return
    folder = embedded_path(config.index_url)
    if not (folder / FILE).is_file():
        raise SettingError(
            f"{folder} holds no opinions. Name the folder with --data (the demo's is var/demo), "
            "or fill this one first: minyi ingest FILE, or minyi serve"
        )
    with closing(EmbeddedIndex(folder)) as embedded:
        yield embedded


def elasticsearch(config: Settings, timeout_s: float | None = None) -> Elasticsearch:
    """Connect to Elasticsearch.

    Args:
        config: the settings.
        timeout_s: how long one request may take; None for the usual.

    Raises:
        SettingError: when the index is not in Elasticsearch.
    """
    from indexers.client import TIMEOUT_S, connect

    if config.embedded_index:
        raise SettingError(
            "this is for opinions in Elasticsearch, and they are kept in a folder: "
            "MINYI_INDEX=http(s)://host:9200 names a server"
        )
    return connect(config.index_url, config.elastic, timeout_s or TIMEOUT_S)


def elastic_index(config: Settings) -> ElasticIndex:
    """Return the index in Elasticsearch, not looked at yet."""
    from indexers.elastic import ElasticIndex

    return ElasticIndex(elasticsearch(config))


def set_up_index(config: Settings, only_missing: bool = False) -> list[str]:
    """Put templates, a first index and the one for the copy of the dead letters into
    Elasticsearch; return the indices of opinions that were missing.

    Args:
        config: the settings.
        only_missing: whether an index that is there is left as it is, which takes fewer rights.
    """
    from indexers.elastic_letters import ElasticLetters
    from indexers.lifecycle import Names, held, set_up

    names = Names()
    with closing(elasticsearch(config, SLOW_S)) as client:
        if only_missing and (there := held(client, names)):
            there.check()
            return []
        made = set_up(client, names, SystemClock().now(), config.elastic.retention_months)
        ElasticLetters(client).set_up()
    return made


def digest_line(opened: Index) -> str:
    """Return the state of an index in one line."""
    count, value = opened.digest()
    return f"{count} opinions sha256:{value}"
