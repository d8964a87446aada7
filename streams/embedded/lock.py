"""One process at a time owns a log.

The lock is ``flock`` on a file beside the log. The kernel drops it with the process that holds it,
so a log whose owner was killed is free at once and no stale lock has to be guessed away.
"""

from __future__ import annotations

import fcntl
import json
import os
import weakref
from pathlib import Path

from minyi.errors import LogInUse

_held: weakref.WeakSet[OwnerLock] = weakref.WeakSet()


class OwnerLock:
    """Hold ``folder/owner.lock`` until :meth:`release`.

    Raises:
        LogInUse: another process (or another handle of this one) holds it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "owner.lock"
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise _in_use(folder, path) from None
        _held.add(self)
        self.announce(None)

    def announce(self, api_url: str | None) -> None:
        """Tell whoever finds the log in use who owns it and where the owner's API answers."""
        note = json.dumps({"pid": os.getpid(), "api_url": api_url}).encode()
        os.pwrite(self._fd, note, 0)
        os.ftruncate(self._fd, len(note))

    def release(self) -> None:
        """Let go. Safe to call twice."""
        if self._fd >= 0:
            # at once, also where a child that was just forked has not forgotten it yet
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close this process's handle; the lock stays with the others that share it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            _held.discard(self)


def _in_use(folder: Path, path: Path) -> LogInUse:
    try:
        note = json.loads(path.read_text())
        pid, api_url = note["pid"], note["api_url"]
    except (OSError, ValueError, KeyError, TypeError):  # the owner is just writing its note
        pid = api_url = None
    owner = f"process {pid}" if pid else "another process"
    how = f"use its API at {api_url}, or stop it" if api_url else "stop it"
    message = f"The log {folder} is in use by {owner}: {how}, or name another folder."
    return LogInUse(message, pid=pid, api_url=api_url)


def _forget_in_child() -> None:
    # A forked child shares the lock; it must not keep the log locked when its parent is killed.
    for lock in list(_held):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_child)
