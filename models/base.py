"""What training starts from: the shared encoder, any Hugging Face BERT, or a tagger of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tokenizers import Tokenizer

from minyi.errors import SettingError
from models.artifact import MANIFEST, TOKENIZER, load_manifest
from models.config import shared_folder

SHARED = "BAAI/bge-small-zh-v1.5"
SHARED_LICENCE = "MIT, Copyright (c) 2022 staoxiao (BAAI), see NOTICE"
NOTICE = "NOTICE"
"""What a base encoder's licence wants kept."""
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
        name: a Hugging Face folder or name, or the folder of one of our artifacts; None takes the
            run's own, or the shared encoder.

    Raises:
        SettingError: when it cannot be had or is no BERT; says why.
    """
    folder = run / "base"
    if (folder / FACTS).is_file():
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        begun = facts.pop("from", facts["name"])
        if name not in (None, begun):
            raise SettingError(
                f"{run} was begun from {begun}; give another --run, or delete the folder"
            )
        return Base(folder, **facts)
    folder.mkdir(parents=True, exist_ok=True)
    if name and (Path(name) / MANIFEST).is_file():
        base = _restored(folder, Path(name))
    else:
        base = _fetched(folder, name) if name else _shared(folder)
    facts = asdict(base) | {"from": name or base.name}
    del facts["folder"]
    (folder / FACTS).write_text(json.dumps(facts), "utf-8")
    return base


def _shared(folder: Path) -> Base:
    script = shared_folder() / "base-model" / "to_hf.py"
    if not script.is_file():
        raise SettingError(f"{script} is missing; name a base encoder with --from instead")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)  # noqa: S603
    shutil.copyfile(Path(__file__).with_name(NOTICE), folder / NOTICE)
    return Base(folder, SHARED, SHARED_LICENCE, sentences=True)


def _restored(folder: Path, artifact: Path) -> Base:
    """Return the network of one of our artifacts, to go on with."""
    from models.restore import restore

    manifest = load_manifest(artifact)
    restore(artifact, manifest.attention_heads, folder)
    if (artifact / NOTICE).is_file():
        shutil.copyfile(artifact / NOTICE, folder / NOTICE)
    licence = manifest.licence.partition("base encoder ")[2]
    name = f"{manifest.base.split(',')[0]}, by way of tagger {manifest.model_id}"
    return Base(folder, name, licence, sentences=False)


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
