"""One nested settings object, read from the environment (``MINYI_…``) and ``.env``.

Built in entry points only, never at import. ``MINYI_BROKER``, ``MINYI_INDEX`` and the like are
flat; nested ones use a double underscore: ``MINYI_TAGGER__BATCH=64``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError
from pydantic_settings.sources import DotEnvSettingsSource

from minyi.errors import SettingError
from minyi.refused import told
from minyi.setting_groups import (
    AccountSettings,
    ApiSettings,
    DeadLetterSettings,
    ElasticSettings,
    KafkaSettings,
    KibanaSettings,
    LogSettings,
    OpenSettings,
    OptionalPath,
    TaggerSettings,
    WorkerSettings,
)

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = "embedded"
Place = Literal["broker", "index"]
PLACES: tuple[Place, ...] = ("broker", "index")


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
        if parts.username or parts.password:
            raise ValueError(
                "user and password belong into MINYI_ELASTIC__USERNAME and "
                "MINYI_ELASTIC__PASSWORD, not into the URL"
            )
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

    def outside(self, *used: Place) -> list[str]:
        """Return the variables that name another place for what is used than one in ``data``;
        without an argument both are.

        Raises:
            SettingError: when an embedded URL names no folder.
        """
        urls = {place: url for place in used or PLACES if (url := getattr(self, place))}
        return [f"MINYI_{place.upper()}" for place, url in urls.items() if not self._holds(url)]

    def _holds(self, url: str) -> bool:
        folder = embedded_path(url) if urlsplit(url).scheme == EMBEDDED else None
        return folder is not None and folder.resolve().is_relative_to(self.data.resolve())


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
        raise SettingError("; ".join(map(_wrong, error.errors(include_url=False)))) from error


def load_settings_in(folder: Path, *used: Place) -> Settings:
    """Read the settings of a command that is told the folder of log and index.

    Args:
        folder: wins over ``MINYI_DATA``.
        used: what the command uses of the two; none: both.

    Raises:
        SettingError: see :func:`load_settings`; and when a variable names another place for what
            is used, since either could be meant.
    """
    config = load_settings(data=folder.resolve())
    if names := config.outside(*used):
        raise SettingError(
            f"{', '.join(names)}: another place than --data {folder}. Leave --data out, or unset "
            f"what is set, with {'= '.join(names)}= before the command"
        )
    return config


def _wrong(problem: Mapping[str, Any]) -> str:
    """Name a variable and say what is wrong with it."""
    place, reason = told(problem)
    if problem["type"] == "model_type":
        return _ungrouped(place)
    return f"MINYI_{place.replace('.', '__').upper()}: {reason}"


def _ungrouped(name: str) -> str:
    """Say how a group of settings is written, where it is given a single value."""
    group = f"MINYI_{name}".upper()
    first = next(iter(type(Settings.model_fields[name].default).model_fields)).upper()
    return f"{group}: holds several settings; write each, as {group}__{first}=…, or a JSON object"
