"""What is published now: made when it is first asked for, and anew after a while."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from weakref import finalize

from api.services import Services
from minyi.errors import IndexUnavailable, Retryable
from minyi.logs import said
from minyi.open_data.catalog import File
from minyi.open_data.folder import write
from minyi.open_data.formats import formats
from minyi.open_data.release import Release, gather
from minyi.registry import revision

log = logging.getLogger(__name__)

KEEP_S = 600.0
"""So long a release is handed out before the index is asked again."""
WAIT_S = 20.0
"""So long a reader waits for the very first release; making one asks the index for all of it."""


@dataclass(frozen=True)
class Edition:
    """A release and its files."""

    release: Release
    files: dict[str, File]
    folder: Path
    """Removed when nobody holds the edition any more."""


class Press:
    """Makes editions, one at a time. While a new one is made, or cannot be, the last is handed out.

    Args:
        wired: what is published, and by whom.
        keep_s: how long an edition is good for.
    """

    def __init__(self, wired: Services, keep_s: float = KEEP_S) -> None:
        self._wired = wired
        self._keep_s = keep_s
        self._lock = Lock()
        self._editions: list[Edition] = []
        self._made_at = 0.0

    def edition(self) -> Edition:
        """Return what is published now. Blocks.

        Raises:
            Retryable: when there is none yet and none can be made now.
        """
        if self._editions and time.monotonic() < self._made_at + self._keep_s:
            return self._editions[-1]
        if not self._lock.acquire(timeout=0 if self._editions else WAIT_S):
            if self._editions:
                return self._editions[-1]
            raise IndexUnavailable("the tables are being made; try again in a minute")
        try:
            if not self._editions or time.monotonic() >= self._made_at + self._keep_s:
                self._renew()
        except Retryable as error:
            if not self._editions:
                raise
            log.warning("the tables could not be made anew", extra={"reason": said(error)})
            self._made_at = time.monotonic()
        finally:
            self._lock.release()
        return self._editions[-1]

    def _renew(self) -> None:
        wired = self._wired
        policies = wired.registry.policies()
        release = gather(
            wired.index,
            policies.values(),
            wired.clock.now(),
            wired.publisher,
            wired.adjuster,
            revision(policies.values()),
        )
        if not self._editions or self._editions[-1].release.id != release.id:
            folder = Path(mkdtemp(prefix="minyi-open-"))
            edition = Edition(release, write(release, folder, formats()), folder)
            finalize(edition, rmtree, folder, ignore_errors=True)
            # the one before stays a while for whoever is reading it
            self._editions = [*self._editions[-1:], edition]
        self._made_at = time.monotonic()
