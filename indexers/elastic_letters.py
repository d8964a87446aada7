"""A copy of the dead letters in Elasticsearch, without their originals, for Kibana to show."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from minyi.dead_letter import DeadLetter
from minyi.errors import IndexUnavailable, SettingError
from minyi.redaction import redact

log = logging.getLogger(__name__)

ALIAS = "dead-letters"
VERSION = 1
MAPPINGS = {
    "dynamic": "strict",
    "properties": {
        "origin": {"type": "keyword", "ignore_above": 1_000},
        "stage": {"type": "keyword"},
        "reason": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
        "place": {"type": "keyword", "ignore_above": 1_000},
        "at": {"type": "date"},
        "size": {"type": "long"},
    },
}
NOT_NOW = {408, 429, 500, 502, 503, 504}


class ElasticLetters:
    """The port ``DeadLetterMirror`` over Elasticsearch: a document a letter, by its key.

    Args:
        client: the connection; whoever opened it closes it.
        prefix: stands before the names of alias and index.
    """

    def __init__(self, client: Elasticsearch, prefix: str = "") -> None:
        self._client = client
        self.alias = f"{prefix}{ALIAS}"
        self.index = f"{self.alias}-v{VERSION}"
        self._there = False

    def set_up(self) -> None:
        """Create index and alias where they are missing.

        Raises:
            IndexUnavailable: when the server cannot be reached.
            SettingError: when it refuses.
        """
        with _explained(self.alias):
            if not self._client.indices.exists(index=self.index):
                self._client.options(ignore_status=400).indices.create(  # another was first
                    index=self.index,
                    mappings=MAPPINGS,
                    settings={"number_of_shards": 1},
                    aliases={self.alias: {}},
                )
        self._there = True

    def mirror(self, letters: Sequence[DeadLetter], dropped: Sequence[str]) -> None:
        """See ``DeadLetterMirror.mirror``; found by searches within a second."""
        if not self._there:
            self.set_up()
        operations: list[Mapping[str, Any]] = []
        for letter in letters:
            operations.append({"index": {"_id": letter.key.decode()}})
            operations.append(_document(letter))
        operations += [{"delete": {"_id": key}} for key in dropped if key]
        if not operations:
            return
        with _explained(self.alias):
            answer = self._client.bulk(index=self.index, operations=operations)
        for item in answer["items"]:
            ((action, outcome),) = item.items()
            status = outcome["status"]
            if status in NOT_NOW:
                raise IndexUnavailable(f"Elasticsearch does not take dead letters now ({status})")
            if status >= 400 and not (action == "delete" and status == 404):
                log.warning("a dead letter has no copy", extra={"status": status})


def _document(letter: DeadLetter) -> dict[str, Any]:
    """Return what the copy shows: no original, and no personal data in what quotes it or in the
    name of a file."""
    document = letter.head.model_dump(mode="json", include=set(MAPPINGS["properties"]))
    return document | {name: redact(document[name]) for name in ("origin", "reason", "place")}


@contextmanager
def _explained(alias: str) -> Iterator[None]:
    try:
        yield
    except TransportError as error:
        raise IndexUnavailable(f"Elasticsearch does not answer: {error.message}") from error
    except ApiError as error:
        if error.status_code in NOT_NOW:
            raise IndexUnavailable(
                f"Elasticsearch is not ready: {error.status_code} for {alias}"
            ) from error
        raise SettingError(
            f"Elasticsearch refuses {alias!r} ({error.status_code} {error.error}); the worker's "
            "role must allow to create the index, and to write and to remove documents"
        ) from error
