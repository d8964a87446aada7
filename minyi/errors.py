"""One tree of errors.

::

    MinyiError
    ├── SettingError          a setting is missing or wrong; says which and what to do
    ├── InvalidRecord         one record cannot be read; becomes a dead letter, the rest goes on
    ├── InvalidRegistry       the policy registry does not validate; says file, policy and field
    ├── InvalidMargins        known margins cannot be read, or no weights meet them
    │   └── UnsettledWeights  … or none had met them after all rounds, though some might
    ├── InvalidQuery          a reader asked for something that does not exist or make sense
    │   ├── TooManyRows       … or for more rows than one answer may hold
    │   └── EmptyWindow       … or for a time in which nothing can lie
    ├── InvalidArtifact       the model artifact is missing or not what its manifest says
    ├── KibanaRefused         Kibana does not take the saved objects; says which and why
    ├── LogInUse              another process owns the embedded log
    ├── TooManyDeadLetters    so many records die that the deploy must be bad; the worker stops
    └── Retryable             may work later: the caller waits and tries again
        ├── IndexUnavailable
        ├── KibanaUnavailable
        └── BrokerUnavailable
"""

from __future__ import annotations


class MinyiError(Exception):
    """Base of every error that Minyi raises on purpose; its message is fit for a user."""


class SettingError(MinyiError):
    """A setting is missing or wrong."""


class InvalidRecord(MinyiError):
    """One record cannot be read.

    Args:
        reason: what is wrong, for a person.
        place: where in the input (``line 12``, ``field created_at``), empty when unknown.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{place}: {reason}" if place else reason)


class InvalidRegistry(MinyiError):
    """The policy registry does not validate."""


class InvalidMargins(MinyiError):
    """Known margins of a population cannot be read, or no weights can meet them."""


class UnsettledWeights(InvalidMargins):
    """No weights had met the margins after all rounds; that none can is not proven."""


class InvalidQuery(MinyiError):
    """A reader asked for something that does not exist or does not make sense."""


class TooManyRows(InvalidQuery):
    """An answer would hold too many rows; it says how to narrow it."""


class EmptyWindow(InvalidQuery):
    """The time that is asked for ends before it begins, or at once."""


class InvalidArtifact(MinyiError):
    """The model artifact is missing, incomplete or not what its manifest says."""


class KibanaRefused(MinyiError):
    """Kibana does not take the saved objects, or not all of them."""


class LogInUse(MinyiError):
    """Another process owns the embedded log.

    Args:
        message: what the user reads, with what to do.
        pid: the owner's process id, when known.
        api_url: where the owner's API answers, when it serves one.
    """

    def __init__(self, message: str, pid: int | None = None, api_url: str | None = None) -> None:
        self.pid = pid
        self.api_url = api_url
        super().__init__(message)


class TooManyDeadLetters(MinyiError):
    """So many records die that the deploy must be bad: the worker stops before the rest dies."""


class Retryable(MinyiError):
    """May work later: the caller waits and tries again.

    Args:
        message: what cannot be done.
        after_s: the seconds that are worth waiting before.
    """

    def __init__(self, message: str, after_s: float = 5) -> None:
        super().__init__(message)
        self.after_s = after_s


class IndexUnavailable(Retryable):
    """The opinion index cannot be reached."""


class KibanaUnavailable(Retryable):
    """Kibana cannot be reached, or is not ready."""


class BrokerUnavailable(Retryable):
    """The broker cannot be reached."""
