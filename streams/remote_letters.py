"""The dead letters of a log that a running service owns, through its API."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from minyi.dead_letter import DeadLetter, LetterFilters, LetterHead, LetterPage, Outcome
from minyi.errors import BrokerUnavailable, InvalidQuery, MinyiError

PATH = "/v1/dead-letters"
REQUEST_KEYS = 500
"""Letters in one request, listed or named."""
Answer = TypeVar("Answer", bound=BaseModel)


class ApiLetters:
    """See :class:`minyi.ports.LetterBox`; its methods also raise

    Raises:
        BrokerUnavailable: when the service does not answer.
        MinyiError: when it refuses, or does not answer as a service of this version.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def page(
        self, filters: LetterFilters, limit: int, cursor: str | None = None
    ) -> LetterPage:
        given = filters.model_dump(mode="json") | {"limit": limit, "cursor": cursor}
        query = {name: value for name, value in given.items() if value is not None}
        return await self._ask(LetterPage.model_validate_json, "GET", PATH, params=query)

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
        return await self._ask(
            DeadLetter.model_validate_json, "GET", f"{PATH}/{quote(key, safe='')}"
        )

    async def retry(self, keys: Sequence[str], edited: bytes | None = None) -> Outcome:
        outcome = Outcome()
        for start in range(0, len(keys), REQUEST_KEYS):
            body: dict[str, Any] = {"keys": keys[start : start + REQUEST_KEYS]}
            if edited is not None:
                body["edited"] = base64.b64encode(edited).decode()
            answer = self._ask(Outcome.model_validate_json, "POST", f"{PATH}/retry", json=body)
            outcome = outcome.joined(await answer)
        return outcome

    async def drop(self, keys: Sequence[str]) -> Outcome:
        outcome = Outcome()
        for start in range(0, len(keys), REQUEST_KEYS):
            part = {"key": list(keys[start : start + REQUEST_KEYS])}
            answer = self._ask(Outcome.model_validate_json, "DELETE", PATH, params=part)
            outcome = outcome.joined(await answer)
        return outcome

    async def _ask(
        self, read: Callable[[bytes], Answer], method: str, path: str, **request: Any
    ) -> Answer:
        try:
            answer = await self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise BrokerUnavailable(f"the service does not answer: {error}") from error
        if answer.is_error:
            message = _message(answer)
            if answer.status_code in (404, 422) and message:
                raise InvalidQuery(message)
            raise MinyiError(f"the service refused: {message or answer.text[:300]}")
        try:
            return read(answer.content)
        except ValidationError as error:
            raise MinyiError(
                f"{answer.url.copy_with(query=None)} answers {answer.status_code}, but not as "
                "Minyi does: is the running service of another version?"
            ) from error


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
    # a proxy of the environment is not on the way to this machine
    return httpx.AsyncClient(
        base_url=api_url, headers={"authorization": f"Bearer {key}"}, timeout=120, trust_env=False
    )


def _message(answer: httpx.Response) -> str:
    """Return what an answer in the one shape of errors says, empty for any other."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
