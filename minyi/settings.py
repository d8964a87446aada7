"""One nested settings object, read from the environment (``MINYI_…``) and ``.env``.

Built in entry points only, never at import. ``MINYI_BROKER``, ``MINYI_INDEX`` and the like are
flat; nested ones use a double underscore: ``MINYI_TAGGER__BATCH=64``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError
from pydantic_settings.sources import DotEnvSettingsSource

from minyi.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = "embedded"


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


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(
        env_prefix="MINYI_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    data: Path = ROOT / "var"
    """Folder for everything that Minyi writes when nothing else is named."""
    broker: str = ""
    """``kafka://host:9092`` or ``embedded:///folder``; empty: the embedded log under ``data``."""
    index: str = ""
    """``http(s)://host:9200`` (Elasticsearch) or ``embedded:///folder``; empty: the embedded store
    under ``data``."""
    model: Path = ROOT / "artifacts" / "tagger"
    """Folder of the tagger's artifact."""
    labels: OptionalPath = None
    """A file that ``minyi model label`` wrote, or a folder of such (``*.jsonl``): shares of the
    policies in them are adjusted by the labels."""
    registry: Path = ROOT / "data" / "policies"
    """Folder of the policies' YAML files."""
    margins: OptionalPath = None
    """File of a population's known margins, for ``minyi.speakers.representativeness``; None: not
    known."""
    partitions: int = Field(default=4, ge=1, le=1024)
    """Partitions of the topics that Minyi creates."""
    author_key: SecretStr = SecretStr("")
    """Key for hashing author ids; empty: a random one, made once and kept under ``data``."""
    semantic: bool = True
    """Whether comments without a lexical link get a semantic second chance."""
    tagger: TaggerSettings = TaggerSettings()
    kafka: KafkaSettings = KafkaSettings()
    elastic: ElasticSettings = ElasticSettings()
    kibana: KibanaSettings = KibanaSettings()
    accounts: AccountSettings = AccountSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    open: OpenSettings = OpenSettings()
    log: LogSettings = LogSettings()

    @field_validator("data", "model", "registry", mode="before")
    @classmethod
    def _default_folder(cls, given: object, info: ValidationInfo) -> object:
        return cls.model_fields[str(info.field_name)].default if given == "" else given

    @field_validator("broker")
    @classmethod
    def _known_broker(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in (EMBEDDED, "kafka"):
            raise ValueError("a broker is kafka://host:port or embedded:///folder")
        return url

    @field_validator("index")
    @classmethod
    def _known_index(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in (EMBEDDED, "http", "https"):
            raise ValueError("an index is http(s)://host:9200 or embedded:///folder")
        if parts.password:
            raise ValueError("a password belongs into MINYI_ELASTIC__PASSWORD, not into the URL")
        return url

    @property
    def broker_url(self) -> str:
        return self.broker or _embedded_url(self.data / "log")

    @property
    def index_url(self) -> str:
        return self.index or _embedded_url(self.data / "index")

    @property
    def embedded_index(self) -> bool:
        return urlsplit(self.index_url).scheme == EMBEDDED

    @property
    def embedded_broker(self) -> bool:
        return urlsplit(self.broker_url).scheme == EMBEDDED


def _embedded_url(folder: Path) -> str:
    """Return the URL of a folder, whatever characters its name holds."""
    return f"{EMBEDDED}://{quote(str(folder.resolve()))}"


def embedded_path(url: str) -> Path:
    """Return the folder that an ``embedded:///folder`` URL names.

    Raises:
        SettingError: when the URL names no absolute folder.
    """
    parts = urlsplit(url)
    if parts.scheme != EMBEDDED or parts.netloc or not parts.path.startswith("/"):
        raise SettingError(f"{url!r} names no folder; write embedded:///absolute/path")
    return Path(unquote(parts.path))


OTHER_VARIABLES = ("MINYI_TEST_", "MINYI_SHARED", "MINYI_REQUIRE_ENGINES")
"""Of tests and training; not read here."""


def known_variables() -> set[str]:
    """Return the names of all variables that set something."""
    known = {f"MINYI_{name.upper()}" for name in Settings.model_fields}
    for group, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            known |= {f"MINYI_{group}__{name}".upper() for name in type(field.default).model_fields}
    return known


def _unknown(names: Iterable[str]) -> list[str]:
    """Return the variables with our prefix that set nothing: most likely typing errors."""
    known = known_variables()
    ours = [n for n in names if n.startswith("MINYI_") and not n.startswith(OTHER_VARIABLES)]
    return sorted(name for name in ours if name.upper() not in known)


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        SettingError: naming each variable that is wrong or unknown.
    """
    try:
        file = [name.upper() for name in DotEnvSettingsSource(Settings).env_vars]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f".env cannot be read; write it in UTF-8: {error}") from error
    for names, place in ((os.environ, ""), (file, " in .env")):
        if unknown := _unknown(names):
            raise SettingError(f"unknown setting {unknown[0]}{place}; docs/guide.md lists them")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except SettingsError as error:  # a group that is no JSON; only the message says which
        group = re.search(r'field "(\w+)"', str(error))
        raise SettingError(_ungrouped(group[1]) if group else str(error)) from error
    except ValidationError as error:
        lines = [
            _ungrouped(str(e["loc"][0]))
            if e["type"] == "model_type"
            else f"MINYI_{'__'.join(str(p) for p in e['loc']).upper()}: {e['msg']}"
            for e in error.errors(include_url=False)
        ]
        raise SettingError("; ".join(lines)) from error


def _ungrouped(name: str) -> str:
    """Say how a group of settings is written, where it is given a single value."""
    group = f"MINYI_{name}".upper()
    first = next(iter(type(Settings.model_fields[name].default).model_fields)).upper()
    return f"{group}: holds several settings; write each, as {group}__{first}=…, or a JSON object"
