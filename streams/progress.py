"""What the running app has done so far: the one place that counts, for progress bars, page and
metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Counters since the app started; ``listeners`` are called after every change."""

    comments: int = 0
    """Comments read from the topic, dead ones included."""
    linked: int = 0
    """Comments with at least one link."""
    tagged: int = 0
    """Opinions made."""
    indexed: int = 0
    """Opinions written to the index."""
    dead_at: Counter[str] = field(default_factory=Counter)
    """Records sent to the dead letters, by the stage where they died."""
    listeners: list[Callable[[], None]] = field(default_factory=list, repr=False)

    @property
    def dead(self) -> int:
        """Records sent to the dead letters."""
        return self.dead_at.total()

    def add(self, **counts: int) -> None:
        """Raise the named counters."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)
        self._tell()

    def bury(self, stage: str, count: int) -> None:
        """Count records that died at a stage."""
        self.dead_at[stage] += count
        self._tell()

    def counts(self) -> dict[str, int]:
        """Return the counters by name."""
        names = ("comments", "linked", "tagged", "indexed", "dead")
        return {name: getattr(self, name) for name in names}

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()
