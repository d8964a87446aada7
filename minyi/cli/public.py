"""``minyi api --public``: the open data alone, for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from typing import Any

from minyi.cli.opening import existing_index, open_index
from minyi.cli.publisher import publisher
from minyi.cli.serving import first_of, listen, serving, tell, url_of
from minyi.cli.wiring import adjuster, keep_table, registry
from minyi.clock import SystemClock
from minyi.policy import Policy
from minyi.ports import Index, Registry
from minyi.settings import Settings


@dataclass(frozen=True)
class Fixed:
    """A registry as its files say it."""

    known: Mapping[str, Policy]

    def policies(self) -> Mapping[str, Policy]:
        """Return all policies by id."""
        return self.known


async def answer_the_public(config: Settings, port: int) -> None:
    """Serve the open data until cancelled: no texts, no intake, no alerts.

    On an embedded log the registry is that of the files, and the index is read beside the process
    that writes it; else both are followed where they are.
    """
    from api.app import create_public
    from api.services import Services

    listener = listen(config.api.host, port, f"minyi api --public --port {port + 1}")
    with closing(listener):
        async with AsyncExitStack() as stack:
            found, following = await _registry(config, stack)
            index = await _index(config, stack)
            keep_table(config)
            wired = Services(
                index=index,
                registry=found,
                clock=SystemClock(),
                adjuster=adjuster(config),
                publisher=publisher(config),
            )
            app = create_public(wired, config.api.names(config.api.host))
            server = await stack.enter_async_context(serving(app, listener))
            url = url_of(listener)
            tell(config, f"page {url}/open   data {url}/v1/export   catalog {url}/v1/catalog")
            await first_of(server, following())


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _index(config: Settings, stack: AsyncExitStack) -> Index:
    if config.embedded_index:
        return stack.enter_context(existing_index(config))
    return await stack.enter_async_context(open_index(config, patient=True))


async def _registry(
    config: Settings, stack: AsyncExitStack
) -> tuple[Registry, Callable[[], Coroutine[Any, Any, None]]]:
    """Return the registry, and what keeps it up to date."""
    from streams.access import access
    from streams.follow import FollowedRegistry

    if config.embedded_broker:
        return Fixed(registry(config)), _for_ever
    followed = FollowedRegistry(await stack.enter_async_context(access(config)))
    return followed, followed.run
