"""Sends saved objects to Kibana's import API and says what it refused."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from minyi.errors import KibanaRefused, KibanaUnavailable, SettingError
from minyi.setting_groups import KibanaSettings

TIMEOUT_S = 60.0
LONGEST_REASON = 300
_SPACE = re.compile(r"[a-z0-9_-]+")
_EXPLAINED = {
    "missing_references": "refers to what Kibana does not have",
    "unsupported_type": "a type that this Kibana does not have",
    "conflict": "another object has this id",
    "ambiguous_conflict": "several objects could be meant",
}


@dataclass(frozen=True)
class Imported:
    """What Kibana took."""

    count: int
    warnings: tuple[str, ...]


def address(url: str, space: str = "") -> str:
    """Return the address of the import API.

    Raises:
        SettingError: when the URL or the space cannot be.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingError(f"{url!r} is no Kibana; write http(s)://host:5601")
    if parts.username or parts.password:
        raise SettingError(
            "name and password belong into MINYI_KIBANA__USERNAME and MINYI_KIBANA__PASSWORD, "
            "not into the URL"
        )
    if space and not _SPACE.fullmatch(space):
        raise SettingError(f"{space!r} is no id of a space: small letters, digits, _ and -")
    base = url.rstrip("/") + (f"/s/{space}" if space else "")
    return f"{base}/api/saved_objects/_import"


def send(ndjson: str, settings: KibanaSettings, url: str, space: str = "") -> Imported:
    """Import saved objects, over those of the same ids.

    Raises:
        SettingError: the URL, the space or the certificates cannot be used, or the login is wrong.
        KibanaUnavailable: it cannot be reached or is not ready; nothing was imported.
        KibanaRefused: it refused some or all objects; names each with the reason.
    """
    target = address(url, space)
    files = {"file": ("minyi.ndjson", ndjson.encode(), "application/ndjson")}
    try:
        with httpx.Client(
            headers=_headers(settings),
            verify=_certificates(settings),
            timeout=TIMEOUT_S,
            trust_env=False,
        ) as client:
            answer = client.post(target, params={"overwrite": "true"}, files=files)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise KibanaUnavailable(
            f"Kibana at {url} cannot be reached: {_short(error)}; is it running, and does "
            "MINYI_KIBANA__URL or --url name it?"
        ) from error
    return _judge(answer, url)


def _headers(settings: KibanaSettings) -> dict[str, str]:
    """Return the headers: Kibana refuses requests without ``kbn-xsrf``."""
    headers = {"kbn-xsrf": "minyi"}
    if key := settings.api_key.get_secret_value():
        headers["authorization"] = f"ApiKey {key}"
    elif settings.username:
        password = settings.password.get_secret_value()
        login = httpx.BasicAuth(settings.username, password)
        request = next(login.auth_flow(httpx.Request("POST", "http://kibana")))
        headers["authorization"] = request.headers["authorization"]
    return headers


def _certificates(settings: KibanaSettings) -> ssl.SSLContext | bool:
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    except OSError as error:
        raise SettingError(
            f"{settings.ca_file} holds no certificates; MINYI_KIBANA__CA_FILE is a PEM file"
        ) from error


def _judge(answer: httpx.Response, url: str) -> Imported:
    try:
        said: Any = answer.json()
    except ValueError:
        said = None
    match answer.status_code:
        case 401:
            raise SettingError(
                f"Kibana at {url} does not accept the login; set MINYI_KIBANA__USERNAME and "
                "MINYI_KIBANA__PASSWORD, or MINYI_KIBANA__API_KEY"
            )
        case 403:
            raise SettingError(
                f"Kibana at {url} does not allow this login to import; it needs the right to "
                "manage saved objects in this space"
            )
        case 429 | 502 | 503 | 504:
            raise KibanaUnavailable(f"Kibana at {url} is not ready; try again in a minute")
    if answer.status_code != 200 or not isinstance(said, Mapping) or "success" not in said:
        why = said.get("message") if isinstance(said, Mapping) else None
        raise KibanaRefused(
            f"Kibana at {url} answered {answer.status_code}: {_short(why or 'no import answer')}"
        )
    if not said["success"]:
        errors = said.get("errors") or [{}]
        lines = [_refusal(error) for error in errors]
        count = said.get("successCount", 0)
        raise KibanaRefused(
            f"Kibana took {count} objects and refused {len(lines)}:\n  " + "\n  ".join(lines)
        )
    warnings = tuple(_short(w.get("message", "")) for w in said.get("warnings", ()))
    return Imported(int(said.get("successCount", 0)), warnings)


def _refusal(error: Mapping[str, Any]) -> str:
    """Return which object Kibana refused and why, in one line."""
    cause = error.get("error", {})
    kind = cause.get("type", "unknown")
    why = cause.get("message") or _EXPLAINED.get(kind, kind)
    missing = [f"{r.get('type')} {r.get('id')}" for r in cause.get("references", ())]
    more = f" ({', '.join(missing)})" if missing else ""
    return _short(f"{error.get('type', '?')} {error.get('id', '?')}: {why}{more}")


def _short(value: object) -> str:
    return " ".join(str(value).split())[:LONGEST_REASON]
