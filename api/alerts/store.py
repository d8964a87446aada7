"""Subscriptions, what their rules remember, and the outbox, in one SQLite file.

A crossing and the memory of it are written in one transaction, so that an alert goes out once per
crossing, and of a day once, whatever restarts in between; delivery itself is at least once, under
the same id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from api.alerts.formats import Format
from api.alerts.models import Alert, Created, Delivery, SentAlert, Subscription
from minyi.domain import EARLIEST, Model
from minyi.errors import IndexUnavailable, SettingError
from minyi.folders import private_folder
from minyi.rules import Reading

_SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, secret TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS readings (
    subscription_id TEXT NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    policy_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (subscription_id, policy_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY,
    subscription_id TEXT NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    body TEXT NOT NULL, delivery TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL, last_error TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unannounced (
    id TEXT PRIMARY KEY REFERENCES outbox ON DELETE CASCADE
) WITHOUT ROWID;
"""

SHOWN = 50
"""Alerts of a subscription that are shown."""
_FORGET = """
DELETE FROM outbox WHERE subscription_id = :of AND delivery != 'pending'
AND id NOT IN (SELECT id FROM unannounced) AND id NOT IN (
    SELECT id FROM outbox WHERE subscription_id = :of
    ORDER BY json_extract(body, '$.day') DESC, id DESC LIMIT :shown
)
"""


class Due(Model):
    """An alert whose delivery is due, and where it goes."""

    alert_id: str
    subscription_id: str
    body: str
    webhook: str
    format: Format
    secret: str
    attempts: int


class AlertStore:
    """The subscriptions' memory. Methods block for a disk write; safe from several threads.

    Raises:
        SettingError: when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        try:
            private_folder(path.parent)
            path.touch(mode=0o600)  # it holds the webhooks' secrets
            with ExitStack() as unless_all_goes_well:
                self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
                unless_all_goes_well.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._db.executescript(_SCHEMA)
                unless_all_goes_well.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise SettingError(
                f"no subscriptions can be kept in {path}: {error}; make it writable, restore it "
                "from a backup, or move it away to begin without any"
            ) from error

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def add(self, created: Created) -> None:
        """Store a new subscription."""
        body = created.model_dump_json(exclude={"secret"})
        with self._writing() as db:
            row = (created.id, body, created.secret)
            db.execute("INSERT INTO subscriptions VALUES (?, ?, ?)", row)

    def remove(self, subscription_id: str) -> bool:
        """Delete a subscription and what belongs to it; return whether it existed."""
        with self._writing() as db:
            done = db.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,))
            return done.rowcount > 0

    def subscriptions(self) -> list[Subscription]:
        """Return all subscriptions, the oldest first."""
        rows = self._rows("SELECT body FROM subscriptions")
        found = [Subscription.model_validate_json(body) for (body,) in rows]
        return sorted(found, key=lambda subscription: (subscription.created_at, subscription.id))

    def subscription(self, subscription_id: str) -> Subscription | None:
        """Return one subscription."""
        rows = self._rows("SELECT body FROM subscriptions WHERE id = ?", subscription_id)
        return Subscription.model_validate_json(rows[0][0]) if rows else None

    def readings(self, subscription_id: str) -> dict[str, Reading]:
        """Return the last reading of each policy of a subscription."""
        rows = self._rows(
            "SELECT policy_id, body FROM readings WHERE subscription_id = ?", subscription_id
        )
        return {policy_id: Reading.model_validate_json(body) for policy_id, body in rows}

    def remember(
        self,
        subscription_id: str,
        policy_id: str,
        reading: Reading,
        alerts: Iterable[Alert],
        due: datetime,
    ) -> None:
        """Store a reading and, in the same transaction, the alerts that it brought.

        They push out those that are shown no more, once these are delivered or given up and on the
        topic: the outbox of a service that runs for years does not grow for ever.
        """
        with self._writing() as db:
            known = db.execute("SELECT 1 FROM subscriptions WHERE id = ?", (subscription_id,))
            if known.fetchone() is None:
                return  # deleted while it was being evaluated
            db.execute(
                "INSERT OR REPLACE INTO readings VALUES (?, ?, ?)",
                (subscription_id, policy_id, reading.model_dump_json()),
            )
            new = 0
            for alert in alerts:
                written = db.execute(
                    "INSERT OR IGNORE INTO outbox (id, subscription_id, body, delivery, due)"
                    " VALUES (?, ?, ?, 'pending', ?)",
                    (alert.id, subscription_id, alert.model_dump_json(), due.timestamp()),
                )
                if written.rowcount:
                    db.execute("INSERT INTO unannounced VALUES (?)", (alert.id,))
                    new += 1
            if new:
                db.execute(_FORGET, {"of": subscription_id, "shown": SHOWN})

    def alerts(self, subscription_id: str, limit: int = SHOWN) -> list[SentAlert]:
        """Return a subscription's alerts, the newest first."""
        rows = self._rows(
            "SELECT body, delivery, attempts, last_error FROM outbox WHERE subscription_id = ?"
            " ORDER BY json_extract(body, '$.day') DESC, id DESC LIMIT ?",
            subscription_id,
            limit,
        )
        return [
            SentAlert(
                alert=Alert.model_validate_json(body),
                delivery=Delivery(delivery),
                attempts=attempts,
                last_error=error,
            )
            for body, delivery, attempts, error in rows
        ]

    def unannounced(self) -> list[tuple[str, str]]:
        """Return id and body of the alerts that are not on the topic yet."""
        return [
            (alert_id, body)
            for alert_id, body in self._rows(
                "SELECT id, body FROM outbox JOIN unannounced USING (id) ORDER BY due, id"
            )
        ]

    def announced(self, alert_id: str) -> None:
        """Note that an alert is on the topic."""
        with self._writing() as db:
            db.execute("DELETE FROM unannounced WHERE id = ?", (alert_id,))

    def due(self, now: datetime) -> list[Due]:
        """Return of each subscription the alert that is to be tried now and has waited longest,
        the longest waiting first."""
        rows = self._rows(
            "SELECT o.id, s.id, o.body, s.body, s.secret, o.attempts FROM"
            " (SELECT *, row_number() OVER (PARTITION BY subscription_id ORDER BY due, id) AS place"
            " FROM outbox WHERE delivery = 'pending' AND due <= ?) o"
            " JOIN subscriptions s ON s.id = o.subscription_id"
            " WHERE o.place = 1 ORDER BY o.due, o.id",
            now.timestamp(),
        )
        return [
            Due(
                alert_id=alert_id,
                subscription_id=subscription_id,
                body=body,
                webhook=to.webhook,
                format=to.format,
                secret=secret,
                attempts=attempts,
            )
            for alert_id, subscription_id, body, subscription, secret, attempts in rows
            for to in [Subscription.model_validate_json(subscription)]
        ]

    def next_due(self, after: datetime = EARLIEST) -> datetime | None:
        """Return when the next delivery after a moment is due, in local time."""
        rows = self._rows(
            "SELECT min(due) FROM outbox WHERE delivery = 'pending' AND due > ?", after.timestamp()
        )
        return datetime.fromtimestamp(rows[0][0]).astimezone() if rows[0][0] is not None else None

    def delivered(self, alert_id: str) -> None:
        """Note that an alert has arrived."""
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET delivery = 'delivered', attempts = attempts + 1,"
                " last_error = NULL WHERE id = ?",
                (alert_id,),
            )

    def failed(self, alert_id: str, error: str, again: datetime | None) -> None:
        """Note a failed try, and when to try again; None gives up."""
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET attempts = attempts + 1, last_error = ?, due = ?, delivery = ?"
                " WHERE id = ?",
                (
                    error[:500],
                    again.timestamp() if again else 0,
                    Delivery.PENDING if again else Delivery.FAILED,
                    alert_id,
                ),
            )

    def _rows(self, query: str, *arguments: Any) -> Sequence[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, arguments).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise IndexUnavailable(f"the subscriptions cannot be written: {error}") from error
