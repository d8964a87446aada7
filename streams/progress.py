"""What the running app has done so far: counters that a progress bar or a page can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields


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
    dead: int = 0
    """Records sent to the dead letters."""
    listeners: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def add(self, **counts: int) -> None:
        """Raise the named counters."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)
        for listener in self.listeners:
            listener()

    def counts(self) -> dict[str, int]:
        """Return the counters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "listeners"}
