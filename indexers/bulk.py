"""Writing many documents: each is written, refused for good, or tried again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from elasticsearch import ApiError, Elasticsearch

from indexers.client import available, is_block, reason
from minyi.errors import IndexUnavailable, SettingError

MAX_ACTIONS, MAX_BYTES = 500, 2_000_000
"""Of one request; it must be done well within the client's timeout."""
PATIENCE_S = 6.0
"""How long documents that a busy server turns away are tried again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 3.0
BUSY = {429, 502, 503, 504}


@dataclass(frozen=True)
class Action:
    """One document to write, or to delete when it has no source; with a version only where none of
    a higher one is there."""

    index: str
    id: str
    source: bytes | None = None
    version: int | None = None

    @property
    def lines(self) -> list[bytes]:
        verb = "delete" if self.source is None else "index"
        place: dict[str, Any] = {"_index": self.index, "_id": self.id}
        if self.version is not None:
            place |= {"version": self.version, "version_type": "external_gte"}
        head = json.dumps({verb: place}).encode()
        return [head] if self.source is None else [head, self.source]


@dataclass(frozen=True)
class Outcome:
    """What became of an action: ``created``, ``updated``, ``deleted``, ``not_found``, ``older``
    where a higher version is there or, with why, ``refused``."""

    result: Literal["created", "updated", "deleted", "not_found", "older", "refused"]
    reason: str = ""


class Bulk:
    """Sends actions in requests of bounded size.

    Args:
        client: the connection.
        refresh: whether what was written can be found when the call returns.
        pause: sleeps for some seconds; tests hold it.
    """

    def __init__(
        self,
        client: Elasticsearch,
        refresh: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._refresh = refresh
        self._pause = pause

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        """Carry out actions on different ids; return their outcomes, in order.

        Documents that the server is too busy for are tried again, with growing, jittered pauses.

        Raises:
            IndexUnavailable: the server cannot be reached, refuses writes or stays busy; some of
                the actions may have been carried out.
            SettingError: the login may not write.
        """
        outcomes: dict[int, Outcome] = {}
        waited, pause = 0.0, FIRST_PAUSE_S
        open_ = list(range(len(actions)))
        while open_:
            why = ""
            for chunk in _chunks(actions, open_):
                for position, answer in zip(chunk, self._request(actions, chunk), strict=True):
                    outcome = self._judge(answer)
                    if outcome is None:
                        why = reason(answer.get("error"))
                    else:
                        outcomes[position] = outcome
            open_ = [position for position in open_ if position not in outcomes]
            if not open_:
                break
            if waited >= PATIENCE_S:
                raise IndexUnavailable(f"Elasticsearch is too busy to write: {why}")
            jittered = pause * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load
            self._pause(jittered)
            waited, pause = waited + jittered, min(2 * pause, LONGEST_PAUSE_S)
        return [outcomes[position] for position in range(len(actions))]

    def _request(
        self, actions: Sequence[Action], chunk: Sequence[int]
    ) -> Sequence[Mapping[str, Any]]:
        """Send one request; return the answer to each action."""
        lines = [line for position in chunk for line in actions[position].lines]
        with available(self._client):
            try:
                answer = self._client.bulk(
                    operations=lines,  # type: ignore[arg-type]  # bytes go through as they are
                    refresh=self._refresh,
                    filter_path="items.*.status,items.*.result,items.*.error",
                )
            except ApiError as error:
                body = error.body
                detail = body.get("error") if isinstance(body, Mapping) else body
                if error.meta.status == 413:
                    if len(chunk) > 1:  # a proxy in between takes less than the server
                        half = len(chunk) // 2
                        return [
                            *self._request(actions, chunk[:half]),
                            *self._request(actions, chunk[half:]),
                        ]
                    return [{"status": 413, "error": detail or "the document is too large"}]
                if error.meta.status in BUSY and not is_block(detail):
                    return [{"status": error.meta.status, "error": detail}] * len(chunk)
                raise
        return [next(iter(item.values())) for item in answer["items"]]

    def _judge(self, answer: Mapping[str, Any]) -> Outcome | None:
        """Return what became of an action; None when it should be tried again."""
        status, error = answer["status"], answer.get("error")
        if error is None:
            return Outcome(answer["result"])
        if is_block(error) and status != 429:
            raise IndexUnavailable(f"Elasticsearch refuses writes for now: {reason(error)}")
        if status in (401, 403):
            raise SettingError(
                f"Elasticsearch does not allow the given login to write ({reason(error)}); "
                "minyi index roles --show lists what each role needs"
            )
        if status == 409:
            return Outcome("older")
        if status in BUSY or status >= 500:
            return None
        # The month was dropped, or it cannot be made: the server has its fill of shards.
        if status == 404 or reason(error).startswith("validation_exception"):
            raise IndexUnavailable(f"Elasticsearch cannot write: {reason(error)}")
        return Outcome("refused", reason(error))


def _chunks(actions: Sequence[Action], positions: Sequence[int]) -> Iterator[list[int]]:
    """Split positions of actions into requests."""
    chunk: list[int] = []
    size = 0
    for position in positions:
        length = len(actions[position].source or b"")
        if chunk and (len(chunk) >= MAX_ACTIONS or size + length > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(position)
        size += length
    if chunk:
        yield chunk
