"""The Faust transport behind ``embedded:///absolute/path``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from faust.transport import base
from yarl import URL

from minyi.errors import SettingError
from streams.embedded.consumer import Consumer
from streams.embedded.producer import Producer


class Transport(base.Transport):
    """Reads and writes the log in the folder that the broker URL names."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[Producer]] = Producer
    driver_version = "embedded"

    @property
    def folder(self) -> Path:
        """The log's folder.

        Raises:
            SettingError: the URL does not name an absolute path.
        """
        return folder_of(self.url[0])


def folder_of(url: str | URL) -> Path:
    """The folder that ``embedded:///absolute/path`` names.

    Raises:
        SettingError: it is not of that form.
    """
    url = URL(url)
    if url.scheme != "embedded" or url.host or len(url.path) < 2:
        raise SettingError(
            f"The broker URL {str(url)!r} must look like embedded:///absolute/path (three slashes)."
        )
    return Path(url.path)
