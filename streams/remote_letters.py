"""The dead letters of a log that a running service owns, through its API."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from minyi.dead_letter import DeadLetter, LetterFilters, LetterHead, LetterPage, Outcome
from minyi.errors import MinyiError
from streams import remote
from streams.remote import ask

PATH = "/v1/dead-letters"
REQUEST_KEYS = 500
"""Letters in one request, listed or named."""


class ApiLetters:
    """See :class:`minyi.ports.LetterBox`; its methods also raise as :func:`ask` does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def page(
        self, filters: LetterFilters, limit: int, cursor: str | None = None
    ) -> LetterPage:
        given = filters.model_dump(mode="json") | {"limit": limit, "cursor": cursor}
        query = {name: value for name, value in given.items() if value is not None}
        return await ask(self._client, LetterPage, "GET", PATH, params=query)

    async def matching(self, filters: LetterFilters) -> list[LetterHead]:
        found: dict[str, LetterHead] = {}
        cursor: str | None = None
        while True:
            page = await self.page(filters, REQUEST_KEYS, cursor)
            found |= {head.key: head for head in page.items}
            cursor = page.cursor
            if cursor is None:
                return list(found.values())

    async def get(self, key: str) -> DeadLetter:
        return await ask(self._client, DeadLetter, "GET", f"{PATH}/{quote(key, safe='')}")

    async def retry(self, keys: Sequence[str], edited: bytes | None = None) -> Outcome:
        outcome = Outcome()
        for start in range(0, len(keys), REQUEST_KEYS):
            body: dict[str, Any] = {"keys": keys[start : start + REQUEST_KEYS]}
            if edited is not None:
                body["edited"] = base64.b64encode(edited).decode()
            answer = ask(self._client, Outcome, "POST", f"{PATH}/retry", json=body)
            outcome = outcome.joined(await answer)
        return outcome

    async def drop(self, keys: Sequence[str]) -> Outcome:
        outcome = Outcome()
        for start in range(0, len(keys), REQUEST_KEYS):
            part = {"key": list(keys[start : start + REQUEST_KEYS])}
            answer = ask(self._client, Outcome, "DELETE", PATH, params=part)
            outcome = outcome.joined(await answer)
        return outcome


def client(api_url: str, key_file: Path) -> httpx.AsyncClient:
    """Return a client of the service that owns the log beside which its key lies.

    Raises:
        MinyiError: when the key cannot be read.
    """
    try:
        key = key_file.read_text().strip()
    except OSError as error:
        raise MinyiError(
            f"the key of the running service cannot be read: {error}. Ask as the user who runs it; "
            "a service of an earlier version has none: start it again"
        ) from error
    return remote.client(api_url, key)
