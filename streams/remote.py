"""The API of a running service, asked by the commands that find its log in use."""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from minyi.errors import BrokerUnavailable, InvalidQuery, MinyiError

M = TypeVar("M", bound=BaseModel)


def client(api_url: str, key: str = "") -> httpx.AsyncClient:
    """Return a client of the service; the key says that its owner asks."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    # the service is on this machine: a proxy of the environment is not on the way to it
    return httpx.AsyncClient(base_url=api_url, headers=headers, timeout=120, trust_env=False)


async def ask(
    client: httpx.AsyncClient, answer: type[M], method: str, path: str, **request: Any
) -> M:
    """Return what the service answers.

    Raises:
        BrokerUnavailable: when it does not answer.
        InvalidQuery: when it cannot take what is asked.
        MinyiError: when it refuses, or does not answer as a service of this version.
    """
    try:
        found = await client.request(method, path, **request)
    except httpx.TransportError as error:
        raise BrokerUnavailable(f"the service does not answer: {error}") from error
    if found.is_error:
        message = _message(found)
        if found.status_code in (404, 422) and message:
            raise InvalidQuery(message)
        raise MinyiError(f"the service refused: {message or found.text[:300]}")
    try:
        return answer.model_validate_json(found.content)
    except ValidationError as error:
        raise MinyiError(
            f"{found.url.copy_with(query=None)} answers {found.status_code}, but not as Minyi "
            "does: is the running service of another version?"
        ) from error


def _message(answer: httpx.Response) -> str:
    """Return what an answer in the one shape of errors says, empty for any other."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
