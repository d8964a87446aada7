"""Generations, months and templates: which indices there are, and how they come and go.

Opinions lie in one index a month of ``created_at`` in Asia/Shanghai, ``opinions-v1-2024.09``, all
behind the alias ``opinions``. All months of one generation (``v1``) have the same fields; a
migration writes the next generation and moves the alias.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from indexers.client import available, reason
from indexers.mappings import MAPPINGS, SETTINGS, VERSION, Body
from minyi.domain import SHANGHAI
from minyi.errors import IndexUnavailable, SettingError

ALIAS = "opinions"


@dataclass(frozen=True)
class Names:
    """What the alias, the indices and the templates are called."""

    alias: str = ALIAS

    def generation(self, number: int) -> str:
        return f"{self.alias}-v{number}"

    def month(self, generation: int, month: str) -> str:
        return f"{self.generation(generation)}-{month}"

    def parse(self, index: str) -> tuple[int, str] | None:
        """Return the generation and the month (``2024.09``) of an index; None for others."""
        found = re.fullmatch(rf"{re.escape(self.alias)}-v([0-9]+)-([0-9]{{4}}\.[0-9]{{2}})", index)
        return (int(found[1]), found[2]) if found else None

    @property
    def mappings(self) -> str:
        return f"{self.alias}-mappings-{VERSION}"

    @property
    def settings(self) -> str:
        return f"{self.alias}-settings"

    @property
    def retention(self) -> str:
        return f"{self.alias}-retention"


@dataclass(frozen=True)
class Held:
    """What stands behind the alias now."""

    generation: int
    indices: tuple[str, ...]
    """In order of month."""
    version: int | None
    """Of the mappings; None when they do not agree or say none."""

    def check(self) -> None:
        """Refuse indices that were written with other fields.

        Raises:
            SettingError: saying what to do.
        """
        if self.version != VERSION:
            raise SettingError(
                f"the opinions in Elasticsearch have mapping version {self.version}, this Minyi "
                f"reads and writes version {VERSION}: run minyi index migrate"
                + (", or a newer Minyi" if (self.version or 0) > VERSION else "")
            )


def held(client: Elasticsearch, names: Names) -> Held | None:
    """Return what stands behind the alias; None when there is no alias.

    Raises:
        SettingError: when what stands there is not ours.
    """
    with available(client):
        try:
            found = client.indices.get(
                index=names.alias, filter_path="*.mappings._meta,*.settings.index.uuid"
            )
        except NotFoundError:
            return None
    parsed = {index: names.parse(index) for index in found}
    generations = {place[0] for place in parsed.values() if place}
    if None in parsed.values() or len(generations) != 1:
        raise SettingError(
            f"{names.alias!r} in Elasticsearch is not the alias that Minyi made (it stands for "
            f"{', '.join(sorted(found)[:3])}); remove or rename what is there"
        )
    versions = {body.get("mappings", {}).get("_meta", {}).get("minyi") for body in found.values()}
    return Held(
        generation=generations.pop(),
        indices=tuple(sorted(found)),
        version=versions.pop() if len(versions) == 1 else None,
    )


def set_up(
    client: Elasticsearch, names: Names, now: datetime, retention_months: int | None = None
) -> list[str]:
    """Put the templates and, when there is none, the first index; return what was made new.

    Safe to repeat, and on every deploy.

    Raises:
        SettingError: when the index holds another mapping version, or the login may not do this.
    """
    there = held(client, names)
    if there is not None:
        there.check()
    generation = there.generation if there else 1
    put_templates(client, names, generation, retention_months)
    if there is not None:
        return []
    index = names.month(generation, f"{now.astimezone(SHANGHAI):%Y.%m}")
    create(client, index)
    return [index]


def put_templates(
    client: Elasticsearch,
    names: Names,
    generation: int,
    retention_months: int | None = None,
    behind_alias: bool = True,
) -> None:
    """Put the component templates and the index template of a generation.

    Args:
        client: the connection.
        names: what everything is called.
        generation: whose indices the template makes.
        retention_months: for the server's own clean-up, where it has that.
        behind_alias: whether new months stand behind the alias at once.
    """
    settings: Body = dict(SETTINGS)
    if retention_months is not None and has_ilm(client):
        _put_retention(client, names, retention_months)
        settings["lifecycle.name"] = names.retention
    with available(client):
        client.cluster.put_component_template(
            name=names.mappings, template={"mappings": MAPPINGS}, meta={"minyi": VERSION}
        )
        client.cluster.put_component_template(
            name=names.settings, template={"settings": {"index": settings}}
        )
        client.indices.put_index_template(
            name=names.generation(generation),
            index_patterns=[f"{names.generation(generation)}-*"],
            composed_of=[names.mappings, names.settings],
            template={"aliases": {names.alias: {}}} if behind_alias else {},
            priority=500,
            allow_auto_create=False,  # a write to a dropped month fails, and its writer looks anew
            meta={"minyi": VERSION},
        )


def create(client: Elasticsearch, index: str) -> None:
    """Create an index from its template, unless it is there.

    Raises:
        IndexUnavailable: when the server refuses, as it does when it has its fill of shards.
    """
    if full := create_if_room(client, index):
        raise IndexUnavailable(f"Elasticsearch cannot make {index}: {full}")


def create_if_room(client: Elasticsearch, index: str) -> str:
    """Create an index from its template, unless it is there.

    Returns:
        Why not, when the server has its fill of shards; empty else.

    Raises:
        IndexUnavailable: when the server refuses for another reason.
    """
    with available(client):
        try:
            client.indices.create(index=index)
        except BadRequestError as error:
            why = reason(error.body.get("error"))
            if error.error == "validation_exception" and re.search("maximum .*shards", why):
                return why
            if error.error != "resource_already_exists_exception":
                raise IndexUnavailable(f"Elasticsearch cannot make {index}: {why}") from error
    return ""


def create_months(
    client: Elasticsearch, names: Names, wanted: Sequence[str]
) -> tuple[Held, dict[str, str]]:
    """Create months that are missing.

    Returns:
        What stands behind the alias then; and why not, for the months that the server has no
        room for: waiting would not help them.

    Raises:
        IndexUnavailable: when a new month does not stand behind the alias.
    """
    full = ""
    refused: dict[str, str] = {}
    for index in wanted:
        full = full or create_if_room(client, index)  # it has no room for the others either
        if full:
            refused[index] = (
                f"no room for {index} ({full}): minyi index prune, or raise "
                "cluster.max_shards_per_node, then minyi dead-letters retry"
            )
    there = held(client, names)
    made = set(wanted) - set(refused)
    if there is None or (astray := made - set(there.indices)):
        raise IndexUnavailable(
            f"new months are not behind the alias {names.alias!r} "
            f"({', '.join(sorted(astray if there else made)[:3])}): a migration is under way, "
            "or the templates are gone (minyi setup)"
        )
    return there, refused


def months_before(now: datetime, count: int) -> str:
    """Return the month ``count`` before the running one, as ``2024.09``."""
    local = now.astimezone(SHANGHAI)
    year, month = divmod(local.year * 12 + local.month - 1 - count, 12)
    return f"{year:04}.{month + 1:02}"


def expired(there: Held, names: Names, now: datetime, retention_months: int) -> list[str]:
    """Return the indices of months that are not kept: beside the running one, whole months."""
    oldest = months_before(now, retention_months)
    return [i for i in there.indices if (place := names.parse(i)) and place[1] < oldest]


def drop(client: Elasticsearch, indices: Sequence[str]) -> None:
    """Delete whole indices, by their names."""
    for index in indices:
        with available(client):
            client.indices.delete(index=index, ignore_unavailable=True)


def has_ilm(client: Elasticsearch) -> bool:
    """Whether the server can clean up by itself (index lifecycle management)."""
    with available(client):
        try:
            client.ilm.get_status()
        except ApiError as error:
            if error.meta.status not in (400, 404, 405):
                raise
            return False
    return True


def _put_retention(client: Elasticsearch, names: Names, retention_months: int) -> None:
    """Let the server drop months that nobody pruned. It counts from an index's creation, so this
    is later than ``minyi index prune``, never earlier."""
    days = 31 * (retention_months + 1)
    policy = {"phases": {"delete": {"min_age": f"{days}d", "actions": {"delete": {}}}}}
    with available(client):
        client.ilm.put_lifecycle(name=names.retention, policy=policy)
