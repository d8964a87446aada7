"""Opens what the commands share, from the settings. Heavy imports wait until they are needed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from minyi import logs
from minyi.domain import Policy
from minyi.errors import InvalidQuery, SettingError
from minyi.registry import load_registry
from minyi.settings import Settings, embedded_path, load_settings

if TYPE_CHECKING:
    from indexers.embedded import EmbeddedIndex
    from models.runtime import OnnxTagger
    from streams.access import Access
    from streams.app import Service

console = Console(stderr=True)
"""Progress and messages; what a command answers goes to standard output."""
output = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the log and the index. [env: MINYI_DATA; default: var]"),
]


def settings(data: Path | None = None) -> Settings:
    """Read the settings, ``--data`` wins over the environment, and log as they say."""
    config = load_settings() if data is None else load_settings(data=data.resolve())
    logs.configure(config.log)
    return config


def registry(config: Settings) -> dict[str, Policy]:
    """Read the policies' files."""
    return load_registry(config.registry)


@contextmanager
def index(config: Settings) -> Iterator[EmbeddedIndex]:
    """Open the opinion index."""
    from indexers.embedded import EmbeddedIndex

    opened = EmbeddedIndex(embedded_path(config.index_url))
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def existing_index(config: Settings) -> Iterator[EmbeddedIndex]:
    """Open the index, but make none: a mistyped folder must not look like an empty answer.

    Raises:
        SettingError: when there is none.
    """
    from indexers.embedded import FILE

    folder = embedded_path(config.index_url)
    if not (folder / FILE).is_file():
        raise SettingError(
            f"{folder} holds no opinions. Name the folder with --data (the demo's is var/demo), "
            "or fill this one first: minyi ingest FILE, or minyi serve"
        )
    with index(config) as opened:
        yield opened


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


def digest_line(opened: EmbeddedIndex) -> str:
    """Return the state of an index in one line."""
    count, value = opened.digest()
    return f"{count} opinions sha256:{value}"


def tagger(config: Settings) -> OnnxTagger:
    """Load the tagger's artifact."""
    from models.runtime import OnnxTagger

    return OnnxTagger(config.model, threads=config.tagger.threads)


@asynccontextmanager
async def service(
    config: Settings, api_url: str | None = None, publish: bool = True
) -> AsyncIterator[tuple[Service, Access]]:
    """Run the stream on the settings' broker and index: topics, registry, agents.

    Yields the running stream and the access to its broker.

    Args:
        config: the settings.
        api_url: where the API answers, told to commands that find the embedded log in use.
        publish: whether the registry's files are published; else the topic's registry stands.

    Raises:
        LogInUse: when another process owns the embedded log.
    """
    from streams.access import access
    from streams.app import build
    from streams.embedded import open_log
    from streams.provision import newest_revision, provision, publish_registry
    from streams.running import running

    async with access(config) as broker:
        if config.embedded_broker and api_url:
            with open_log(embedded_path(config.broker_url)) as log:
                log.announce(api_url)
        await provision(broker, config.partitions)
        if publish:
            await publish_registry(broker, registry(config).values())
        revision = await newest_revision(broker)
        model = tagger(config)
        with index(config) as opened:
            built = build(config, opened, model, model if config.semantic else None, revision)
            async with running(built):
                yield built, broker
