"""What the long-running commands share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from minyi.cli.serving import url_of


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8600"),
        ("10.1.2.3", "http://10.1.2.3:8600"),
        ("::1", "http://[::1]:8600"),
        ("0.0.0.0", "http://127.0.0.1:8600"),
        ("::", "http://[::1]:8600"),
    ],
)
def test_a_service_is_found_where_it_can_be_asked(host: str, url: str) -> None:
    """0.0.0.0 is every address of the machine, and none that a browser or a command could use."""
    listener: Any = SimpleNamespace(getsockname=lambda: (host, 8600))
    assert url_of(listener) == url
