"""The Faust transport behind ``embedded:///absolute/path``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from faust.transport import base

from minyi.settings import embedded_path
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
        return embedded_path(str(self.url[0]))
