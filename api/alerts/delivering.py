"""Deliver the alerts of the outbox to their subscribers' webhooks until they arrive: signed to a
program, as a message to a robot."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial

import httpx
from standardwebhooks.webhooks import Webhook

from api.alerts import robots
from api.alerts.addresses import Names, place
from api.alerts.formats import Format
from api.alerts.models import Alert
from api.alerts.store import AlertStore, Due
from api.alerts.turns import IDLE_S, wait
from minyi.domain import EARLIEST
from minyi.ports import Clock

log = logging.getLogger(__name__)

PAUSES_S = (10, 60, 300, 1800, 7200, 21600)
"""Seconds until each further try of a webhook that failed; then the alert is given up."""
TIMEOUT_S = 10.0
DELIVERIES = 32
"""Webhooks that are called at the same time."""
DELIVERIES_AT_ONE = 2
"""Those of them that are at the same host and port."""


class Deliveries:
    """Empties the outbox. For one event loop."""

    def __init__(self, store: AlertStore, clock: Clock, client: httpx.AsyncClient) -> None:
        self._store = store
        self._clock = clock
        self._client = client
        self._names = Names()
        self._news = asyncio.Event()
        self._trying: dict[str, str] = {}
        """The subscriptions whose webhook is being called, and where it is."""
        self._rests: dict[str, datetime] = {}
        """The robots that were just called, and until when they are not called again."""
        self._looked = EARLIEST
        """When the outbox was last looked at for what is due."""

    def wake(self) -> None:
        """Say that the outbox holds more, or that a try has ended."""
        self._news.set()

    async def until_due(self) -> None:
        """Wait until something of the outbox may be due."""
        # what was due before waits for the end of a try, which wakes as well
        due = await asyncio.to_thread(self._store.next_due, self._looked)
        until = [*self._rests.values(), *([] if due is None else [due])]
        idle = (min(until) - self._clock.now()).total_seconds() if until else IDLE_S
        await wait(self._news, min(IDLE_S, max(0.0, idle)))

    async def deliver(self) -> None:
        """Try every delivery that is due, also what becomes due meanwhile, until none is left.

        Several are tried at once, of one subscription one after the other and few at one host: a
        slow receiver holds up its own alerts only. A robot rests between two, and its others wait.
        """
        async with asyncio.TaskGroup() as tries:
            while await self._begin(tries):
                await self.until_due()

    async def _begin(self, tries: asyncio.TaskGroup) -> bool:
        """Begin what is due and has its turn; return whether anything is being tried."""
        self._looked = self._clock.now()
        self._rests = {at: end for at, end in self._rests.items() if end > self._looked}
        for due in await asyncio.to_thread(self._store.due, self._looked):
            if len(self._trying) == DELIVERIES:
                break
            at, taken = place(due.webhook), list(self._trying.values())
            if due.subscription_id in self._trying or taken.count(at) == DELIVERIES_AT_ONE:
                continue
            if due.format is not Format.MINYI:
                if due.webhook in self._rests:
                    continue
                self._rests[due.webhook] = self._looked + robots.REST
            self._trying[due.subscription_id] = at
            task = tries.create_task(self._try(due))
            task.add_done_callback(partial(self._ended, due.subscription_id))
        return bool(self._trying)

    def _ended(self, subscription_id: str, _: asyncio.Task[None]) -> None:
        del self._trying[subscription_id]
        self.wake()

    async def _try(self, due: Due) -> None:
        try:
            error = await self._post(due)
            await asyncio.to_thread(self._note, due, error)
        except Exception as error:  # it would be told the same again at once
            log.warning("alert %s: %r; going on in %.0f s", due.alert_id, error, IDLE_S)
            await asyncio.sleep(IDLE_S)

    def _note(self, due: Due, error: str | None) -> None:
        """Store that an alert has arrived, or what went wrong and when it is tried again."""
        if error is None:
            self._store.delivered(due.alert_id)
            return
        again = None
        if due.attempts < len(PAUSES_S):
            again = self._clock.now() + timedelta(seconds=PAUSES_S[due.attempts])
        log.warning("alert %s not delivered: %s", due.alert_id, error)
        self._store.failed(due.alert_id, error, again)

    async def _post(self, due: Due) -> str | None:
        """Post one alert; return what went wrong, or None."""
        body, headers = self._signed(due) if due.format is Format.MINYI else _message(due)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                host = httpx.URL(due.webhook).raw_host.decode()
                if refused := await self._names.refusal(host, TIMEOUT_S):
                    return refused
                # streamed: no more of an answer is read than is needed, however long it is
                async with self._client.stream(
                    "POST",
                    due.webhook,
                    content=body,
                    headers=headers,
                    timeout=TIMEOUT_S,
                    follow_redirects=False,
                ) as answer:
                    if not answer.is_success:
                        return f"the webhook answered {answer.status_code}"
                    if due.format is Format.MINYI:
                        return None
                    return robots.refusal(due.format, await _beginning(answer))
        except TimeoutError:
            return f"the webhook did not answer within {TIMEOUT_S:g} s"
        except httpx.NetworkError as error:  # in the system's words
            return f"{type(error).__name__}: {error}"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return type(error).__name__  # no more: its words may quote the address or the answer

    def _signed(self, due: Due) -> tuple[bytes, dict[str, str]]:
        now = self._clock.now()
        return due.body.encode(), {
            "content-type": "application/json",
            "webhook-id": due.alert_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(due.secret).sign(due.alert_id, now, due.body),
        }


def _message(due: Due) -> tuple[bytes, dict[str, str]]:
    return robots.message(due.format, Alert.model_validate_json(due.body)), {
        "content-type": "application/json; charset=utf-8",
        "accept-encoding": "identity",  # what is packed small may be long
    }


async def _beginning(answer: httpx.Response) -> bytes:
    """Read of an answer as much as a robot needs to say whether it took the message."""
    found = b""
    async for chunk in answer.aiter_raw():
        found += chunk
        if len(found) > robots.LONGEST_ANSWER:
            break
    return found[: robots.LONGEST_ANSWER]
