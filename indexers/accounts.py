"""Accounts in Elasticsearch: a user for each role, and the password of Kibana's own."""

from __future__ import annotations

from elasticsearch import Elasticsearch

from indexers.client import available
from minyi.errors import SettingError
from minyi.setting_groups import AccountSettings

KIBANA = "kibana_system"
SHORTEST = 6
"""Characters of a password at least; Elasticsearch's own bound."""


def put_accounts(client: Elasticsearch, passwords: AccountSettings) -> list[str]:
    """Make the users whose password is given, or give them a new one; return their names.

    A user is called like its role: ``minyi_operator``, ``minyi_worker``, ``minyi_api``,
    ``minyi_analyst``.

    Raises:
        SettingError: when no password is given or one is too short, and when the login may not
            manage security.
    """
    users = {
        f"minyi_{name}": getattr(passwords, name)
        for name in ("operator", "worker", "api", "analyst")
    }
    given = {
        name: secret.get_secret_value()
        for name, secret in (users | {KIBANA: passwords.kibana}).items()
        if secret.get_secret_value()
    }
    if not given:
        raise SettingError(
            "no password is given: set MINYI_ACCOUNTS__WORKER, __API, __ANALYST, __OPERATOR "
            "or __KIBANA"
        )
    for name, password in given.items():
        if len(password) < SHORTEST:
            raise SettingError(f"the password of {name} needs {SHORTEST} characters or more")
    for name, password in given.items():
        with available(client):
            if name == KIBANA:
                client.security.change_password(username=name, password=password)
            else:
                client.security.put_user(username=name, password=password, roles=[name])
    return list(given)
