"""The encoder that training starts from: the shared one, or any Hugging Face BERT."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tokenizers import Tokenizer

from minyi.errors import SettingError
from models.artifact import TOKENIZER
from models.config import shared_folder

SHARED = "BAAI/bge-small-zh-v1.5"
SHARED_LICENCE = "MIT, Copyright (c) 2022 staoxiao (BAAI), see NOTICE"
FACTS = "base.json"
NEEDED = ("[PAD]", "[MASK]", "[CLS]", "[SEP]")


@dataclass(frozen=True, slots=True)
class Base:
    """A Hugging Face folder with weights and a fast tokenizer.

    ``sentences`` says whether its [CLS] is a sentence vector, as the shared encoder's is.
    """

    folder: Path
    name: str
    licence: str
    sentences: bool


def prepare_base(run: Path, name: str | None = None) -> Base:
    """Return the encoder of a run, fetched or converted at the first time.

    Args:
        run: the run's folder.
        name: a Hugging Face folder or name; None takes the run's own, or the shared encoder.

    Raises:
        SettingError: when it cannot be had or is no BERT; says why.
    """
    folder = run / "base"
    if (folder / FACTS).is_file():
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        if name not in (None, facts["name"]):
            raise SettingError(
                f"{run} was begun from {facts['name']}; give another --run, or delete the folder"
            )
        return Base(folder, **facts)
    folder.mkdir(parents=True, exist_ok=True)
    base = _fetched(folder, name) if name else _shared(folder)
    facts = {key: value for key, value in asdict(base).items() if key != "folder"}
    (folder / FACTS).write_text(json.dumps(facts), "utf-8")
    return base


def _shared(folder: Path) -> Base:
    script = shared_folder() / "base-model" / "to_hf.py"
    if not script.is_file():
        raise SettingError(f"{script} is missing; name a base encoder with --from instead")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)  # noqa: S603
    return Base(folder, SHARED, SHARED_LICENCE, sentences=True)


def _fetched(folder: Path, name: str) -> Base:
    from transformers import AutoConfig, AutoTokenizer, BertModel

    try:
        config = AutoConfig.from_pretrained(name)
        if config.model_type != "bert":
            raise SettingError(f"{name} is a {config.model_type}; a BERT is needed")
        BertModel.from_pretrained(name, add_pooling_layer=False).save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
        tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    except (OSError, ValueError) as error:
        raise SettingError(f"{name} cannot be loaded as a Hugging Face model: {error}") from error
    vocabulary = Tokenizer.from_file(str(folder / TOKENIZER)).get_vocab()
    missing = [token for token in NEEDED if token not in vocabulary]
    if missing:
        raise SettingError(f"the tokenizer of {name} lacks {', '.join(missing)}")
    return Base(folder, name, "see the base encoder's own", sentences=False)
