"""Watch the index for the subscribers: evaluate their rules, write alerts, deliver them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

import httpx
from standardwebhooks.webhooks import Webhook

from api.alerts.addresses import place, refusal
from api.alerts.models import Alert, Subscription
from api.alerts.store import AlertStore, Due
from api.alerts.writing import write
from minyi.domain import EARLIEST, SHANGHAI
from minyi.policy import Policy
from minyi.ports import Clock, Index, Registry
from minyi.query import Counts, Filters, Interval
from minyi.rules import DayCounts, Reading, Rule, State, evaluate, unheard

log = logging.getLogger(__name__)

PAUSES_S = (10, 60, 300, 1800, 7200, 21600)
"""Seconds until each further try of a webhook that failed; then the alert is given up."""
TIMEOUT_S = 10.0
DELIVERIES = 32
"""Webhooks that are called at the same time."""
DELIVERIES_AT_ONE = 2
"""Those of them that are at the same host and port."""
SETTLE_S = 0.5
"""After news from the index, more of it is awaited this long before the rules are evaluated."""
IDLE_S = 30.0
"""Without news the index is looked at this often: another process may have written to it."""


@dataclass(frozen=True)
class Glance:
    """What the readings of a policy depend on: while it stays the same, so do they."""

    policy: Policy | None
    counts: Counts
    newest: datetime | None
    today: date


class Watch:
    """Evaluates the subscriptions when the index has changed, and empties the outbox."""

    def __init__(
        self,
        store: AlertStore,
        index: Index,
        registry: Registry,
        clock: Clock,
        client: httpx.AsyncClient,
        announce: Callable[[bytes, bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._index = index
        self._registry = registry
        self._clock = clock
        self._client = client
        self._announce = announce
        self._news, self._to_deliver, self._to_announce = (asyncio.Event() for _ in range(3))
        self._seen: dict[tuple[str, str], Glance] = {}
        """At the last evaluation, by subscription and policy."""
        self._trying: dict[str, str] = {}
        """The subscriptions whose webhook is being called, and where it is."""
        self._looked = EARLIEST
        """When the outbox was last looked at for what is due."""
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Say, from any thread, that the index or the subscriptions have changed."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Work until cancelled.

        Receivers and the broker may take their time, so delivery and announcement have tasks of
        their own and hold up nothing.
        """
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            group.create_task(_by_turns(self.evaluate, self._until_news))
            group.create_task(_by_turns(self.deliver, self._until_due))
            group.create_task(_by_turns(self.announce, partial(_wait, self._to_announce, IDLE_S)))

    async def _until_news(self) -> None:
        await _wait(self._news, IDLE_S, SETTLE_S)

    async def _until_due(self) -> None:
        # what was due before waits for the end of a try, which wakes as well
        due = await asyncio.to_thread(self._store.next_due, self._looked)
        idle = IDLE_S if due is None else (due - self._clock.now()).total_seconds()
        await _wait(self._to_deliver, min(IDLE_S, max(0.0, idle)))

    async def evaluate(self) -> None:
        """Evaluate every rule on those of its policies that have changed since it was last
        evaluated; one that fails does not keep the others from being evaluated."""
        subscriptions = await asyncio.to_thread(self._store.subscriptions)
        watched = {policy_id for one in subscriptions for policy_id in one.policy_ids}
        glances = await asyncio.to_thread(self._glances, watched)
        self._seen = {
            (one.id, policy_id): self._seen[one.id, policy_id]
            for one in subscriptions
            for policy_id in one.policy_ids
            if self._seen.get((one.id, policy_id)) == glances[policy_id]
        }
        for subscription in subscriptions:
            changed = [p for p in subscription.policy_ids if (subscription.id, p) not in self._seen]
            if not changed:
                continue
            readings = await asyncio.to_thread(self._store.readings, subscription.id)
            for policy_id in changed:
                glance = glances[policy_id]
                try:
                    await self._evaluate(subscription, policy_id, glance, readings.get(policy_id))
                except Exception as error:
                    log.warning("alerts: %s on %s: %r", subscription.id, policy_id, error)
                else:
                    self._seen[subscription.id, policy_id] = glance

    def _glances(self, policy_ids: set[str]) -> dict[str, Glance]:
        if not policy_ids:
            return {}
        known, totals = self._registry.policies(), self._index.totals(Filters())
        glances = {}
        for policy_id in policy_ids:
            newest = self._index.newest(Filters(policy_id=policy_id))
            # a comment that claims to be of tomorrow does not move the clock
            now = self._clock.now() if newest is None else min(newest, self._clock.now())
            glances[policy_id] = Glance(
                policy=known.get(policy_id),
                counts=totals.get(policy_id, Counts()),
                newest=newest,
                today=now.astimezone(SHANGHAI).date(),
            )
        return glances

    async def _evaluate(
        self, subscription: Subscription, policy_id: str, glance: Glance, stored: Reading | None
    ) -> None:
        state = State() if stored is None else stored.state
        alerts: list[Alert] = []
        if glance.policy is None:
            reading = Reading(state=state, reason="政策库中没有这项政策。")
        elif glance.newest is None:
            reading = Reading(state=unheard(state), reason="还没有关于这项政策的留言。")
        else:
            today = glance.today
            if state.day is None:
                state = state.model_copy(update={"day": subscription.since or today})
            days = await asyncio.to_thread(self._days, policy_id, subscription.rule, state, today)
            reading, matches = await asyncio.to_thread(
                evaluate, subscription.rule, days, state, today
            )
            alerts = [
                await asyncio.to_thread(write, subscription, glance.policy, match, self._index)
                for match in matches
            ]
        if reading == stored and not alerts:
            return
        await asyncio.to_thread(
            self._store.remember, subscription.id, policy_id, reading, alerts, self._clock.now()
        )
        if alerts:
            log.info("alerts %s on %s", [alert.id for alert in alerts], policy_id)
            self._to_deliver.set()
            self._to_announce.set()

    def _days(self, policy_id: str, rule: Rule, state: State, today: date) -> DayCounts:
        """Count each day that a window between the last evaluated day and today can hold."""
        first = (state.day or today) - timedelta(days=rule.window_days)
        since = max(datetime.combine(first, time(), SHANGHAI), EARLIEST)
        filters = Filters(policy_id=policy_id, since=since)
        points = self._index.trend(filters, Interval.DAY)
        return {
            point.bucket: (getattr(point.counts, rule.stance.value), point.counts.total)
            for point in points
            if point.bucket <= today
        }

    async def announce(self) -> None:
        """Put on the topic the alerts that are not there yet: at least once, under the same key.

        Raises:
            Retryable: when the broker cannot be reached; what is left is announced by a later call.
        """
        if self._announce is None:
            return
        for alert_id, body in await asyncio.to_thread(self._store.unannounced):
            await self._announce(alert_id.encode(), body.encode())
            await asyncio.to_thread(self._store.announced, alert_id)

    async def deliver(self) -> None:
        """Try every delivery that is due, also what becomes due meanwhile, until none is left.

        Several are tried at once, of one subscription one after the other and few at one host: a
        slow receiver holds up its own alerts only.
        """
        async with asyncio.TaskGroup() as tries:
            while await self._begin(tries):
                await self._until_due()

    async def _begin(self, tries: asyncio.TaskGroup) -> bool:
        """Begin what is due and has its turn; return whether anything is being tried."""
        self._looked = self._clock.now()
        for due in await asyncio.to_thread(self._store.due, self._looked):
            if len(self._trying) == DELIVERIES:
                break
            at, taken = place(due.webhook), list(self._trying.values())
            if due.subscription_id in self._trying or taken.count(at) == DELIVERIES_AT_ONE:
                continue
            self._trying[due.subscription_id] = at
            task = tries.create_task(self._try(due))
            task.add_done_callback(partial(self._ended, due.subscription_id))
        return bool(self._trying)

    def _ended(self, subscription_id: str, _: asyncio.Task[None]) -> None:
        del self._trying[subscription_id]
        self._to_deliver.set()

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
        """Post one signed alert; return what went wrong, or None."""
        now = self._clock.now()
        signature = Webhook(due.secret).sign(due.alert_id, now, due.body)
        headers = {
            "content-type": "application/json",
            "webhook-id": due.alert_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            async with asyncio.timeout(TIMEOUT_S):
                if refused := await refusal(httpx.URL(due.webhook).raw_host.decode()):
                    return refused
                # streamed: the answer's body is never read, however long it is
                async with self._client.stream(
                    "POST",
                    due.webhook,
                    content=due.body.encode(),
                    headers=headers,
                    timeout=TIMEOUT_S,
                    follow_redirects=False,
                ) as answer:
                    if answer.is_success:
                        return None
                    return f"the webhook answered {answer.status_code}"
        except TimeoutError:
            return f"the webhook did not answer within {TIMEOUT_S:g} s"
        except httpx.NetworkError as error:  # in the system's words
            return f"{type(error).__name__}: {error}"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return type(error).__name__  # no more: its words may quote the address or the answer


async def _by_turns(
    work: Callable[[], Awaitable[None]], rest: Callable[[], Awaitable[None]]
) -> None:
    """Work and rest until cancelled; what fails is logged and tried again."""
    while True:
        try:
            await work()
            await rest()
        except Exception as error:
            log.warning("alerts: %r; going on in %.0f s", error, IDLE_S)
            await asyncio.sleep(IDLE_S)


async def _wait(event: asyncio.Event, idle_s: float, settle_s: float = 0.0) -> None:
    """Wait for an event, and ``settle_s`` longer for more of it, or for ``idle_s``; clear it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(idle_s):
            await event.wait()
        await asyncio.sleep(settle_s)
    event.clear()
