"""One open log per folder within this process: the app's consumer and producer, the API and a tool
share it."""

from __future__ import annotations

import threading
from pathlib import Path

from streams.embedded.log import EmbeddedLog

_open: dict[Path, SharedLog] = {}
_lock = threading.Lock()


class SharedLog(EmbeddedLog):
    """A log that closes when everyone who opened it has closed it."""

    holders = 0

    def close(self) -> None:
        with _lock:
            self.holders -= 1
            if self.holders == 0:
                del _open[self.folder]
                super().close()


def open_log(folder: str | Path) -> SharedLog:
    """Open the log in a folder, or share it with whoever has it open in this process.

    Close it as often as it was opened.

    Raises:
        LogInUse, BrokerUnavailable: see :class:`EmbeddedLog`.
    """
    path = Path(folder).resolve()
    with _lock:
        log = _open.get(path)
        if log is None:
            log = _open[path] = SharedLog(path)
        log.holders += 1
        return log
