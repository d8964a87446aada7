"""What commands change in a log: on Kafka, on an embedded log, or through the service that owns
it. Heavy imports wait until they are needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from minyi.clock import SystemClock
from minyi.errors import LogInUse, SettingError
from minyi.ports import CommentSink, LetterBox
from minyi.settings import Settings, embedded_path


class Log(NamedTuple):
    """Where comments enter and leave, and the dead letters."""

    sink: CommentSink
    letters: LetterBox


@asynccontextmanager
async def opened_log(config: Settings) -> AsyncIterator[Log]:
    """Open the log, or ask the service that owns it, as its operator.

    Raises:
        SettingError: when there is no embedded log.
    """
    from streams.access import access
    from streams.letters import BrokerLetters
    from streams.operator_key import FILE
    from streams.remote_letters import ApiLetters, client
    from streams.sinks import ApiSink, BrokerSink

    if config.embedded_broker and not embedded_path(config.broker_url).is_dir():
        raise SettingError(
            f"{embedded_path(config.broker_url)} holds no log. Name the folder with --data (the "
            "demo's is var/demo)"
        )
    async with AsyncExitStack() as stack:
        try:
            broker = await stack.enter_async_context(access(config))
            log = Log(BrokerSink(broker), BrokerLetters(broker, SystemClock()))
        except LogInUse as error:
            if error.api_url is None:
                raise
            key_file = embedded_path(config.broker_url) / FILE
            asking = await stack.enter_async_context(client(error.api_url, key_file))
            log = Log(ApiSink(asking), ApiLetters(asking))
        yield log
