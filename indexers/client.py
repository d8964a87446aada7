"""The connection to Elasticsearch, and its errors in our words."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch

from minyi.errors import IndexUnavailable, InvalidQuery, MinyiError, SettingError
from minyi.setting_groups import ElasticSettings

TIMEOUT_S = 10.0
"""How long one request may take: a server that hangs is noticed after that."""
LONGEST_REASON = 300
A_MONTH = re.compile(r"-v[0-9]+-[0-9]{4}\.[0-9]{2}$")
"""How the name of an index of opinions ends; the alias ends in no such thing."""
GONE = {"search_phase_execution_exception", "search_context_missing_exception"}


def connect(url: str, settings: ElasticSettings, timeout_s: float = TIMEOUT_S) -> Elasticsearch:
    """Return a client; it connects with the first request.

    Raises:
        SettingError: when the URL or the certificates cannot be used.
    """
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # our errors say it once
    parts = urlsplit(url)
    login: dict[str, Any] = {}
    if key := settings.api_key.get_secret_value():
        login["api_key"] = key
    elif settings.username:
        login["basic_auth"] = (settings.username, settings.password.get_secret_value())
    try:
        if settings.ca_file:
            settings.ca_file.read_bytes()  # the client would find out at the first request
            login["ca_certs"] = str(settings.ca_file)
        port = parts.port or (443 if parts.scheme == "https" else 9200)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return Elasticsearch(
            f"{parts.scheme}://{host}:{port}{parts.path}",
            request_timeout=timeout_s,
            max_retries=0,  # what is worth another try is tried again where it is known to be safe
            retry_on_timeout=False,
            **login,
        )
    except (ValueError, OSError) as error:
        raise SettingError(
            f"{url!r} or its certificates cannot be used: {error}; MINYI_INDEX is "
            "http(s)://host:9200, MINYI_ELASTIC__CA_FILE a PEM file"
        ) from error


def reason(error: Any) -> str:
    """Return what Elasticsearch says is wrong, in its own words but without what a document holds.

    Args:
        error: the object ``error`` of an answer, or whatever stands there.
    """
    if not isinstance(error, Mapping):
        return str(error)[:LONGEST_REASON]
    said = [f"{error.get('type')}: {error.get('reason')}"]
    cause = error.get("caused_by")
    if isinstance(cause, Mapping) and cause.get("reason"):
        said.append(str(cause["reason"]))
    # both are followed by a piece of the document
    said = [s.split(" Preview of field")[0].split(" The prefix of the first")[0] for s in said]
    return "; ".join(dict.fromkeys(said))[:LONGEST_REASON]


def is_block(error: Any) -> bool:
    """Whether an index refuses writes for now: a migration, or a disk that is full."""
    return isinstance(error, Mapping) and error.get("type") == "cluster_block_exception"


def is_passing(error: Any) -> bool:
    """Whether what was not found was there a moment ago, and another try looks anew: a point in
    time that has expired, or a month that was dropped meanwhile."""
    if not isinstance(error, Mapping):
        return False
    causes = [error, *(error.get("root_cause") or ())]
    if any(cause.get("type") in GONE for cause in causes):
        return True
    return A_MONTH.search(str(error.get("index"))) is not None


@contextmanager
def available(client: Elasticsearch) -> Iterator[None]:
    """Turn the client's errors into ours.

    Raises:
        IndexUnavailable: the server cannot be reached, does not answer or is not ready.
        SettingError: it refuses who we are or what we may do, or nothing is set up there.
        InvalidQuery: it cannot carry out what a reader asked.
    """
    try:
        yield
    except (TransportError, ApiError) as error:
        raise translated(error, _address(client)) from error


def translated(error: TransportError | ApiError, address: str) -> MinyiError:
    """Return one of our errors for one of the client's."""
    if isinstance(error, ConnectionTimeout):
        return IndexUnavailable(f"Elasticsearch at {address} did not answer in time")
    if isinstance(error, TransportError):
        return IndexUnavailable(
            f"Elasticsearch at {address} cannot be reached ({error.message[:200]}); is it running, "
            "and does MINYI_INDEX name it?"
        )
    body = error.body
    detail = body.get("error") if isinstance(body, Mapping) else body
    why = reason(detail)
    if is_block(detail):
        return IndexUnavailable(f"Elasticsearch at {address} refuses writes for now: {why}")
    match error.meta.status:
        case 401:
            return SettingError(
                f"Elasticsearch at {address} does not accept the login; set "
                "MINYI_ELASTIC__USERNAME and MINYI_ELASTIC__PASSWORD, or MINYI_ELASTIC__API_KEY"
            )
        case 403:
            return SettingError(
                f"Elasticsearch at {address} does not allow this to the given login ({why}); "
                "minyi index roles --show lists what each role needs"
            )
        case 404 if is_passing(detail):
            return IndexUnavailable(f"Elasticsearch at {address} no longer holds this: {why}")
        case 404:
            return SettingError(
                f"Elasticsearch at {address} holds no opinions yet ({why}); run minyi setup"
            )
        case 400:
            return InvalidQuery(f"Elasticsearch cannot answer this: {why}")
        case _:
            return IndexUnavailable(f"Elasticsearch at {address} is not ready: {why}")


def _address(client: Elasticsearch) -> str:
    return next(iter(client.transport.node_pool.all())).base_url
