"""Watch the index for the subscribers: evaluate their rules, write alerts, deliver them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta

import httpx
from standardwebhooks.webhooks import Webhook

from api.alerts.models import Alert, Subscription
from api.alerts.store import AlertStore, Due
from api.alerts.writing import write
from minyi.domain import EARLIEST, SHANGHAI, Filters, Interval
from minyi.ports import Clock, Index, Registry
from minyi.rules import DayCounts, Reading, Rule, Side, State, evaluate

log = logging.getLogger(__name__)

PAUSES_S = (10, 60, 300, 1800, 7200, 21600)
"""Seconds until each further try of a webhook that failed; then the alert is given up."""
TIMEOUT_S = 10.0
DELIVERIES = 8
"""Webhooks that are called at the same time."""
SETTLE_S = 0.5
"""After news from the index, more of it is awaited this long before the rules are evaluated."""
IDLE_S = 30.0
"""Without news the index is looked at this often: another process may have written to it."""


class Watch:
    """Evaluates every subscription when the index has changed, and empties the outbox."""

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
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Say, from any thread, that the index or the subscriptions have changed."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Work until cancelled; what fails is logged and tried again."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                await self.evaluate()
                await self.deliver()
                await self._rest()
            except Exception as error:
                log.warning("alerts: %r; going on in %.0f s", error, IDLE_S)
                await asyncio.sleep(IDLE_S)

    async def _rest(self) -> None:
        """Wait for news, for the next delivery that is due, or for ``IDLE_S``."""
        due = await asyncio.to_thread(self._store.next_due)
        idle = IDLE_S if due is None else (due - self._clock.now()).total_seconds()
        try:
            await asyncio.wait_for(self._news.wait(), min(IDLE_S, max(0.0, idle)))
            await asyncio.sleep(SETTLE_S)
        except TimeoutError:
            pass
        self._news.clear()

    async def evaluate(self) -> None:
        """Evaluate every rule on every policy of its subscription; one that fails does not keep
        the others from being evaluated."""
        for subscription in await asyncio.to_thread(self._store.subscriptions):
            readings = await asyncio.to_thread(self._store.readings, subscription.id)
            for policy_id in subscription.policy_ids:
                state = readings[policy_id].state if policy_id in readings else State()
                try:
                    await self._evaluate(subscription, policy_id, state)
                except Exception as error:
                    log.warning("alerts: %s on %s: %r", subscription.id, policy_id, error)

    async def _evaluate(self, subscription: Subscription, policy_id: str, state: State) -> None:
        policy = self._registry.policies().get(policy_id)
        newest = await asyncio.to_thread(self._index.newest, Filters(policy_id=policy_id))
        if policy is None or newest is None:
            reason = "政策库中没有这项政策。" if policy is None else "还没有关于这项政策的留言。"
            reading = Reading(state=state, reason=reason)
            await self._remember(subscription, policy_id, reading, [])
            return
        # a comment that claims to be of tomorrow does not move the clock
        today = min(newest, self._clock.now()).astimezone(SHANGHAI).date()
        if state.side is Side.UNKNOWN and state.day is None:
            state = State(day=subscription.since or today)
        days = await asyncio.to_thread(self._days, policy_id, subscription.rule, state, today)
        reading, matches = await asyncio.to_thread(evaluate, subscription.rule, days, state, today)
        alerts = [
            await asyncio.to_thread(write, subscription, policy, match, self._index)
            for match in matches
        ]
        for alert in alerts:
            log.info("alert %s on %s", alert.id, policy_id)
            if self._announce is not None:  # before it is remembered: twice is better than never
                await self._announce(alert.id.encode(), alert.model_dump_json().encode())
        await self._remember(subscription, policy_id, reading, alerts)

    async def _remember(
        self, subscription: Subscription, policy_id: str, reading: Reading, alerts: list[Alert]
    ) -> None:
        await asyncio.to_thread(
            self._store.remember, subscription.id, policy_id, reading, alerts, self._clock.now()
        )

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

    async def deliver(self) -> None:
        """Try every delivery that is due, several at once: a slow receiver holds up few."""
        free = asyncio.Semaphore(DELIVERIES)

        async def one(due: Due) -> None:
            async with free:
                await self._try(due)

        due = await asyncio.to_thread(self._store.due, self._clock.now())
        await asyncio.gather(*map(one, due))

    async def _try(self, due: Due) -> None:
        error = await self._post(due)
        if error is None:
            await asyncio.to_thread(self._store.delivered, due.alert_id)
            return
        again = None
        if due.attempts < len(PAUSES_S):
            again = self._clock.now() + timedelta(seconds=PAUSES_S[due.attempts])
        log.warning("alert %s not delivered: %s", due.alert_id, error)
        await asyncio.to_thread(self._store.failed, due.alert_id, error, again)

    async def _post(self, due: Due) -> str | None:
        """Post one signed alert; return what went wrong, or None."""
        now = self._clock.now()
        signature = Webhook(due.secret).sign(due.alert_id, now, due.body)
        try:
            # streamed: the answer's body is never read, however long it is
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream(
                    "POST",
                    due.webhook,
                    content=due.body.encode(),
                    headers={
                        "content-type": "application/json",
                        "webhook-id": due.alert_id,
                        "webhook-timestamp": str(int(now.timestamp())),
                        "webhook-signature": signature,
                    },
                    timeout=TIMEOUT_S,
                    follow_redirects=False,
                ) as answer,
            ):
                return None if answer.is_success else f"the webhook answered {answer.status_code}"
        except TimeoutError:
            return f"the webhook did not answer within {TIMEOUT_S:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return f"{type(error).__name__}: {error}"
