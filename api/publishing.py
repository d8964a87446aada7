"""What is published now: made when it is first asked for, and anew after a while."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock, Thread
from weakref import finalize

from api.services import Services
from minyi.errors import BrokerUnavailable, IndexUnavailable, MinyiError, Retryable
from minyi.logs import said
from minyi.open_data.catalog import File
from minyi.open_data.folder import write
from minyi.open_data.formats import formats
from minyi.open_data.release import Release, gather
from minyi.registry import revision

log = logging.getLogger(__name__)

KEEP_S = 600.0
"""So long a release is handed out before the index is asked again."""
PAUSE_S = 60.0
"""So long the very first release is not tried again after it failed for a reason that waiting does
not mend: too much to publish, or a disk that is full."""
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
    """Makes editions, one at a time. Only who asks for the very first waits: while a new one is
    made, or cannot be, the last is handed out.

    Args:
        wired: what is published, and by whom.
        keep_s: how long an edition is good for.
        pause_s: how long the very first is not tried again after it could not be made.
    """

    def __init__(self, wired: Services, keep_s: float = KEEP_S, pause_s: float = PAUSE_S) -> None:
        self._wired = wired
        self._keep_s = keep_s
        self._pause_s = pause_s
        self._lock = Lock()
        self._editions: list[Edition] = []
        self._made_at = 0.0
        self._try_from = 0.0
        self._renewing: Thread | None = None

    def edition(self) -> Edition:
        """Return what is published now. Blocks.

        Raises:
            Retryable: when there is none yet and none can be made now.
        """
        if not self._editions:
            self._first()
        last = self._editions[-1]
        if time.monotonic() >= self._made_at + self._keep_s and self._lock.acquire(False):
            self._renewing = Thread(target=self._again, name="open-data", daemon=True)
            self._renewing.start()
        return last

    def _first(self) -> None:
        if not self._lock.acquire(timeout=WAIT_S):
            raise IndexUnavailable("the tables are being made; try again in a minute", 60)
        try:
            if not self._editions:
                self._try()
        finally:
            self._lock.release()

    def _try(self) -> None:
        refusal = "the open data cannot be published at the moment; the service's log says why"
        if (left := self._try_from - time.monotonic()) > 0:
            raise Retryable(refusal, left)
        try:
            self._renew()
        except (MinyiError, OSError) as error:
            # what is to be done, and where, is the operator's matter, not the reader's
            log.warning("the open data cannot be published", extra={"reason": said(error)})
            if isinstance(error, Retryable):
                raise Retryable(refusal, error.after_s) from error
            self._try_from = time.monotonic() + self._pause_s
            raise Retryable(refusal, self._pause_s) from error

    def _again(self) -> None:
        try:
            self._renew()
        except Exception as error:  # in a thread of its own nobody else would hear of it
            log.warning("the tables could not be made anew", extra={"reason": said(error)})
            self._made_at = time.monotonic()
        finally:
            self._lock.release()

    def _renew(self) -> None:
        wired = self._wired
        policies = wired.registry.policies()
        if not policies:  # else nothing would be published for a while
            raise BrokerUnavailable("the registry has not been read yet; try again in a minute")
        release = gather(
            wired.index,
            policies.values(),
            wired.clock.now(),
            wired.publisher,
            wired.adjuster,
            revision(policies.values()),
        )
        if not self._editions or self._editions[-1].release.id != release.id:
            # the one before stays a while for whoever is reading it
            self._editions = [*self._editions[-1:], _printed(release)]
        self._made_at = time.monotonic()


def _printed(release: Release) -> Edition:
    folder = Path(mkdtemp(prefix="minyi-open-"))
    try:
        edition = Edition(release, write(release, folder, formats()), folder)
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    finalize(edition, rmtree, folder, ignore_errors=True)
    return edition
