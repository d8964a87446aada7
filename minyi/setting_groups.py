"""The groups of settings: what belongs to one part of Minyi and is set with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode


def _listed(given: object) -> object:
    """Read names separated by commas, or JSON, which has quotes where no name has one."""
    if isinstance(given, str):
        try:
            written = '"' in given or given.strip() == "[]"
            given = json.loads(given) if written else re.findall(r"[^\s,]+", given)
        except ValueError:
            given = None
    if not isinstance(given, list):
        raise ValueError("write names separated by commas, as minyi.example.org,localhost")
    return given


def _given(value: object) -> object:
    """Read an empty value as none: as a path it would mean the current folder."""
    return None if value == "" else value


Names = Annotated[list[str], NoDecode, BeforeValidator(_listed)]
OptionalPath = Annotated[Path | None, BeforeValidator(_given)]
OptionalCount = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_given)]


class TaggerSettings(BaseModel):
    """How comments are batched for the tagger."""

    batch: int = Field(default=64, ge=1, le=4096)
    """Comments in one batch at most."""
    wait_s: float = Field(default=0.2, gt=0, le=60)
    """Seconds until a batch that is not full goes ahead."""
    threads: OptionalCount = None
    """Parts of a batch that are tagged side by side; None: one a processor."""


class KafkaSettings(BaseModel):
    """How to talk to Kafka."""

    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How a user proves who they are, under SASL."""
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: OptionalPath = None
    """Certificates to trust, PEM; None trusts those of the system."""
    cert_file: OptionalPath = None
    """Our own certificate, PEM, for mutual TLS; ``key_file`` is its key."""
    key_file: OptionalPath = None


class LoginSettings(BaseModel):
    """Who we are to a server: a user's name and password, or an API key."""

    username: str = ""
    password: SecretStr = SecretStr("")
    api_key: SecretStr = SecretStr("")
    """The encoded form, base64 of ``id:key``."""
    ca_file: OptionalPath = None
    """Certificates to trust, PEM; None trusts those of the system."""


class ElasticSettings(LoginSettings):
    """How to talk to Elasticsearch."""

    retention_months: OptionalCount = None
    """Whole months that are kept; None keeps all."""


class AccountSettings(BaseModel):
    """The passwords that ``minyi index accounts`` gives; an account without one is left alone."""

    operator: SecretStr = SecretStr("")
    worker: SecretStr = SecretStr("")
    api: SecretStr = SecretStr("")
    analyst: SecretStr = SecretStr("")
    kibana: SecretStr = SecretStr("")
    """Of ``kibana_system``, which Kibana itself logs in with."""


class KibanaSettings(LoginSettings):
    """How to talk to Kibana."""

    url: str = "http://127.0.0.1:5601"


class DeadLetterSettings(BaseModel):
    """When so many records die that the deploy must be bad, the worker stops instead."""

    limit: int = Field(default=1000, ge=1)
    """Dead letters of one worker in a window at most."""
    window_s: float = Field(default=60.0, gt=0)


EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104


class ApiSettings(BaseModel):
    """Where the API answers, and to whom."""

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=1, le=65535)
    allowed_hosts: Names = []
    """Names under which it may be asked for, besides 127.0.0.1, localhost and [::1] and the one
    address that it listens on; others are refused, so that no foreign web page can reach it through
    a name of its own."""

    def names(self, host: str) -> list[str]:
        """Return the names to answer to where ``host`` is listened on; one that stands for every
        address is no name."""
        return self.allowed_hosts + [host] * (host not in EVERY_ADDRESS)


class WorkerSettings(BaseModel):
    """Where a worker tells how it is; it answers to the names of ``api.allowed_hosts``, too."""

    host: str = "127.0.0.1"
    port: int = Field(default=8601, ge=0, le=65535)
    """0 takes any that is free, for several workers on one machine."""


class OpenSettings(BaseModel):
    """What is said of the open data, and who it keeps safe."""

    publisher: str = Field(default="", max_length=200)
    licence: str = Field(default="", max_length=200)
    """A name or an address; without one nobody may use the data."""
    contact: str = Field(default="", max_length=200)
    url: str = Field(default="", pattern=r"^(https?://[^\s?#]+[^\s?#/])?$")
    """Where the public page is found from outside, for the catalog; no slash at its end."""
    k: int = Field(default=10, ge=10, le=1000)
    """Fewest authors behind a published figure."""


class LogSettings(BaseModel):
    """What is logged, on standard error."""

    format: Literal["text", "json"] = "text"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Of Minyi's own records; libraries warn only."""
