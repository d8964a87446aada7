"""The roles that Minyi's parts need in Elasticsearch, and nothing more; one JSON file each."""

from __future__ import annotations

import json
from pathlib import Path

from elasticsearch import Elasticsearch

from indexers.client import available
from indexers.mappings import Body

FOLDER = Path(__file__).parent


def roles() -> dict[str, Body]:
    """Return the roles by name, as ``PUT /_security/role/NAME`` takes them."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def apply(client: Elasticsearch) -> list[str]:
    """Put the roles; return their names.

    Raises:
        SettingError: when the login may not manage security.
        InvalidQuery: when the server has its security switched off.
    """
    for name, role in roles().items():
        with available(client):
            client.security.put_role(name=name, **role)
    return list(roles())
