"""What training and scoring need beyond the service."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from minyi.cli.wiring import console, registry, settings
from minyi.errors import SettingError

Artifact = Annotated[Path | None, typer.Option(help="Folder of the artifact. \\[env: MINYI_MODEL]")]
Data = Annotated[
    Path | None,
    typer.Option(help="Your own labelled comments: JSON Lines with text, policy, stance."),
]

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


def begin() -> None:
    """See that training can be done, and log as it does: what reads settings comes before."""
    know_policies()
    need_training()


def know_policies() -> None:
    """Let labelled comments name the policies of the configured registry."""
    from models.rows.examples import use_registry

    use_registry(registry(settings()))
