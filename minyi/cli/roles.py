"""``minyi worker`` and ``minyi api``: stream and page in processes of their own, over Kafka."""

from __future__ import annotations

import logging
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from minyi.cli.opening import open_index
from minyi.cli.options import Data
from minyi.cli.public import answer_the_public
from minyi.cli.publisher import publisher
from minyi.cli.serving import (
    beside,
    broker_answers,
    first_of,
    listen,
    page_and_alerts,
    run,
    serving,
    stream_ends,
    tell,
    url_of,
)
from minyi.cli.wiring import adjuster, margins, service, settings
from minyi.clock import SystemClock
from minyi.errors import SettingError
from minyi.settings import Settings

log = logging.getLogger(__name__)


def worker(
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of its probes, 0: any. \\[default: MINYI_WORKER__PORT, 8601]",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Run the stream alone, on Kafka; as many as there are partitions share the work."""
    config = settings(data, "index")
    _need_kafka(config, "worker")
    if config.embedded_index:
        log.warning(
            "the index is embedded: of several workers each would hold only the opinions of its "
            "own partitions; name an Elasticsearch in MINYI_INDEX, or run one worker"
        )
    run(_work(config, config.worker.port if port is None else port))


def api(
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of page and API. \\[default: MINYI_API__PORT, 8600]"
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Serve the open data and its page alone.")
    ] = False,
    data: Data = None,
) -> None:
    """Run page, API and alerts without the stream; minyi worker runs that."""
    config = settings(data, "index")
    if public:
        run(answer_the_public(config, port or config.api.port))
        return
    _need_kafka(config, "api")
    run(_answer(config, port or config.api.port))


def _need_kafka(config: Settings, role: str) -> None:
    """Raise when the broker is embedded.

    Raises:
        SettingError: one process owns an embedded log.
    """
    if config.embedded_broker:
        raise SettingError(
            f"minyi {role} shares a broker with other processes: set "
            "MINYI_BROKER=kafka://host:9092. On the embedded log, minyi serve runs "
            "stream, API and page in one process"
        )


async def _work(config: Settings, port: int) -> None:
    from api.app import create_probes

    listener = listen(config.worker.host, port, f"minyi worker --port {port + 1}")
    with closing(listener):
        tell(config, "starting: registry, tagger, stream …")
        async with service(config, publish=False, patient=True) as (running, broker):
            probes = create_probes(
                beside(config, running, broker, "worker"), config.api.names(config.worker.host)
            )
            async with serving(probes, listener) as server:
                tell(config, f"working; how it is: {url_of(listener)}/ready and /metrics")
                await first_of(server, stream_ends(running))


async def _answer(config: Settings, port: int) -> None:
    from prometheus_client import CollectorRegistry

    from api.measures import describe
    from api.services import Services
    from streams.access import access
    from streams.follow import FollowedRegistry
    from streams.sinks import BrokerSink

    listener = listen(config.api.host, port, f"minyi api --port {port + 1}")
    metrics = CollectorRegistry()
    describe(metrics, "api")
    with closing(listener):
        async with open_index(config, patient=True) as opened, access(config) as broker:
            followed = FollowedRegistry(broker)
            sink = BrokerSink(broker)
            wired = Services(
                index=opened,
                registry=followed,
                clock=SystemClock(),
                sink=sink,
                margins=margins(config),
                publisher=publisher(config),
                announce=sink.announce,
                adjuster=adjuster(config),
                checks={"broker": partial(broker_answers, broker)},
                metrics=metrics,
            )
            async with page_and_alerts(config, wired, listener) as server:
                tell(config, f"page {url_of(listener)}/   API {url_of(listener)}/docs")
                await first_of(server, followed.run())
