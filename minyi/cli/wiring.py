"""Makes what the commands share, from the settings; ``minyi.cli.opening`` opens the index. Heavy
imports wait until they are needed."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich import get_console, reconfigure
from rich.console import Console

from minyi import logs
from minyi.cli.fresh_labels import fresh_labels, tell
from minyi.cli.kept_tables import keep, kept
from minyi.cli.opening import open_index
from minyi.cli.patience import until_available
from minyi.errors import InvalidArtifact, InvalidQuery
from minyi.policy import Policy
from minyi.registry import load_registry
from minyi.settings import Place, Settings, embedded_path, load_settings, load_settings_in
from minyi.shares.adjusting import Adjuster
from minyi.shares.held_out import HeldOut
from minyi.speakers.margins import Margins, load_margins

if TYPE_CHECKING:
    from models.runtime import OnnxTagger
    from streams.access import Access
    from streams.app import Service

log = logging.getLogger(__name__)

reconfigure(stderr=True)
console = get_console()
"""Progress and messages, those of a training too, which takes rich's own console; what a command
answers goes to standard output."""
output = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120)


def settings(data: Path | None = None, *used: Place) -> Settings:
    """Read the settings, and log as they say.

    Args:
        data: the folder of ``--data``.
        used: what the command uses in it; none: both.

    Raises:
        SettingError: also when what is used is set to be elsewhere than in that folder.
    """
    config = load_settings() if data is None else load_settings_in(data, *used)
    logs.configure(config.log)
    return config


def registry(config: Settings) -> dict[str, Policy]:
    """Read the policies' files."""
    return load_registry(config.registry)


def margins(config: Settings) -> Margins | None:
    """Read the known margins of the population, if a file is named."""
    return load_margins(config.margins) if config.margins else None


def known_policy(policies: Mapping[str, Policy], policy_id: str) -> Policy:
    """Return a policy of the registry.

    Raises:
        InvalidQuery: when there is none; names similar ones.
    """
    if policy_id not in policies:
        near = [p.id for p in policies.values() if policy_id in p.id or policy_id in p.title]
        hint = f"; did you mean {', '.join(near[:5])}?" if near else ""
        raise InvalidQuery(f"no policy {policy_id!r} in the registry{hint} (minyi policies list)")
    return policies[policy_id]


def tagger(config: Settings) -> OnnxTagger:
    """Load the tagger's artifact."""
    from models.runtime import OnnxTagger

    return OnnxTagger(config.model, threads=config.tagger.threads)


def adjuster(config: Settings) -> Adjuster:
    """Return what adjusts shares: the held-out rows in the artifact's manifest, those that were
    kept of the models before it, and fresh labels where some are given. The model is not loaded.

    Raises:
        SettingError: when the labels cannot be read.
    """
    labels = fresh_labels(config.labels) if config.labels else {}
    tables = kept(config.data)
    try:
        own = _own_table(config)
        tables[own.model_id] = own
    except InvalidArtifact as error:
        log.warning("shares are not adjusted: %s", error)
    for table in tables.values():
        if table.lacking:
            log.warning(
                "shares are not adjusted: no held-out row of model %s has the stance %s",
                table.model_id,
                " or ".join(table.lacking),
            )
    tell(labels, tables)
    return Adjuster(tables, labels)


def keep_table(config: Settings) -> None:
    """Keep the artifact's held-out rows, if it has any, for the time when another replaces it."""
    with suppress(InvalidArtifact):  # ``adjuster`` tells
        keep(_own_table(config), config.data)


def _own_table(config: Settings) -> HeldOut:
    """Return the held-out rows in the artifact's manifest.

    Raises:
        InvalidArtifact: when there is no artifact, or it holds none of its model.
    """
    from models.artifact import load_manifest

    manifest = load_manifest(config.model)
    if manifest.held_out is None or manifest.held_out.model_id != manifest.model_id:
        raise InvalidArtifact(
            f"{config.model} holds no held-out rows of model {manifest.model_id}; minyi model "
            "hold-out makes them"
        )
    return manifest.held_out


@asynccontextmanager
async def service(
    config: Settings, api_url: str | None = None, publish: bool = True, patient: bool = False
) -> AsyncIterator[tuple[Service, Access]]:
    """Run the stream on the settings' broker and index: topics, registry, agents.

    Yields the running stream and the access to its broker.

    Args:
        config: the settings.
        api_url: where the API answers, told to commands that find the embedded log in use.
        publish: whether the registry's files are published; else the topic's registry stands.
        patient: whether to wait for a Kafka or an Elasticsearch that is away at the start.

    Raises:
        LogInUse: when another process owns the embedded log.
        Retryable: when a server is away, and this is not patient.
        SettingError: when Kafka's topics have other partitions than the settings say.
    """
    from streams.access import access
    from streams.app import build
    from streams.embedded import open_log
    from streams.provision import (
        newest_revision,
        provision,
        publish_registry,
        require_partitions,
    )
    from streams.running import running

    async def prepared(broker: Access) -> str:
        await provision(broker, config.partitions)
        if not config.embedded_broker:  # an embedded log may hold a recording of other partitions
            await require_partitions(broker, config.partitions)
        if publish:
            await publish_registry(broker, registry(config).values())
        return await newest_revision(broker)

    async with access(config) as broker:
        if config.embedded_broker and api_url:
            with open_log(embedded_path(config.broker_url)) as log:
                log.announce(api_url)
        revision = await until_available(
            lambda: prepared(broker), patient and not config.embedded_broker
        )
        model = await asyncio.to_thread(tagger, config)
        if config.embedded_index:  # commands beside it adjust
            keep_table(config)
        async with open_index(config, patient) as opened:
            built = build(config, opened, model, model if config.semantic else None, revision)
            async with running(built):
                yield built, broker
