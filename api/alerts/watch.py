"""Watch the index for the subscribers: evaluate their rules, write alerts, deliver them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

import httpx

from api.alerts.delivering import Deliveries
from api.alerts.models import Alert, Subscription
from api.alerts.store import AlertStore
from api.alerts.turns import IDLE_S, by_turns, wait
from api.alerts.writing import write
from minyi.clock import newest_day, today
from minyi.domain import EARLIEST, SHANGHAI
from minyi.policy import Policy
from minyi.ports import Clock, Index, Registry
from minyi.query import Counts, Filters, Interval
from minyi.rules import Reading, Rule, State, evaluate, unheard
from minyi.shares.adjusting import Adjusted, Adjuster

log = logging.getLogger(__name__)

SETTLE_S = 0.5
"""After news from the index, more of it is awaited this long before the rules are evaluated."""


@dataclass(frozen=True)
class Glance:
    """What the readings of a policy depend on: while it stays the same, so do they."""

    policy: Policy | None
    whole: Counts
    """All opinions on it, which tell the level that a window is adjusted from."""
    newest: date | None
    """The day of the newest of them; None when nobody has spoken."""


class Watch:
    """Evaluates the subscriptions when the index has changed, and empties the outbox."""

    def __init__(
        self,
        store: AlertStore,
        index: Index,
        registry: Registry,
        clock: Clock,
        adjuster: Adjuster,
        client: httpx.AsyncClient,
        announce: Callable[[bytes, bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._index = index
        self._registry = registry
        self._clock = clock
        self._adjuster = adjuster
        self._deliveries = Deliveries(store, clock, client)
        self._announce = announce
        self._news, self._to_announce = asyncio.Event(), asyncio.Event()
        self._seen: dict[tuple[str, str], Glance] = {}
        """At the last evaluation, by subscription and policy."""
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
            group.create_task(by_turns(self.evaluate, self._until_news))
            group.create_task(by_turns(self.deliver, self._deliveries.until_due))
            group.create_task(by_turns(self.announce, partial(wait, self._to_announce, IDLE_S)))

    async def _until_news(self) -> None:
        await wait(self._news, IDLE_S, SETTLE_S)

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
        now = today(self._clock)
        return {
            policy_id: Glance(
                policy=known.get(policy_id),
                whole=totals.get(policy_id, Counts()),
                newest=newest_day(self._index, now, Filters(policy_id=policy_id)),
            )
            for policy_id in policy_ids
        }

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
            newest = glance.newest
            if state.day is None:
                state = state.model_copy(update={"day": subscription.since or newest})
            days = await asyncio.to_thread(self._days, policy_id, subscription.rule, state, newest)
            adjust = partial(self._adjust, policy_id, glance.whole)
            reading, matches = await asyncio.to_thread(
                evaluate, subscription.rule, days, state, newest, adjust
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
            self._deliveries.wake()
            self._to_announce.set()

    def _days(self, policy_id: str, rule: Rule, state: State, last: date) -> dict[date, Counts]:
        """Count each day that a window between the first day of the state and the last can hold."""
        first = (state.day or last) - timedelta(days=rule.window_days)
        since = max(datetime.combine(first, time(), SHANGHAI), EARLIEST)
        filters = Filters(policy_id=policy_id, since=since)
        points = self._index.trend(filters, Interval.DAY)
        return {point.bucket: point.counts for point in points if point.bucket <= last}

    def _adjust(self, policy_id: str, whole: Counts, window: Counts) -> Adjusted | None:
        (found,) = self._adjuster.adjust(policy_id, [window], evaluations=False, whole=whole)
        return found

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
        """Try every delivery that is due until none is left."""
        await self._deliveries.deliver()
