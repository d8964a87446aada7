"""What training and scoring need beyond the service."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from rich.logging import RichHandler

from minyi.cli.wiring import console
from minyi.errors import SettingError

TRAINING = ("torch", "transformers", "onnx", "onnxscript", "sklearn", "scipy")
"""Modules of the train extra."""


def need_training() -> None:
    """See that training can be done, and log what its libraries say on the way.

    Raises:
        SettingError: when the train extra is not installed.
    """
    missing = [name for name in TRAINING if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"{', '.join(missing)} missing: training and scoring need the train extra, "
            "pip install -e '.[train]' (torch's CPU build is enough)"
        )
    logging.basicConfig(
        level=logging.INFO,
        format="%(message)s",
        handlers=[RichHandler(console=console)],
        force=True,
    )
    for noisy in ("transformers", "torch", "onnxscript", "onnx_ir", "httpx", "huggingface_hub"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
