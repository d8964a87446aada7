"""What training starts from: the shared encoder, any Hugging Face BERT, or a tagger of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from minyi.errors import SettingError
from models.artifact import MANIFEST, TOKENIZER, load_manifest
from models.rows.shared import SHARED_VARIABLE, shared_folder
from models.runtime import EMBED_LENGTH

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


def base_name(run: Path, name: str | None = None) -> str | None:
    """Return the name that ``prepare_base`` gives or gave the base, None for the shared encoder,
    without fetching anything.

    Raises:
        InvalidArtifact: when it is an artifact of ours that cannot be read.
    """
    if (run / "base" / FACTS).is_file():
        return str(json.loads((run / "base" / FACTS).read_text("utf-8"))["name"])
    if name and (Path(name) / MANIFEST).is_file():
        return load_manifest(Path(name)).base
    return name


def taught_by_shared(base: Base) -> bool:
    """Whether the text vector of a tagger from this base is fitted to the shared encoder's, which
    reads corpora: where the base is that encoder, or comes from it and the corpora are there."""
    from_it = base.name.startswith(SHARED) and bool(os.environ.get(SHARED_VARIABLE))
    return base.sentences or from_it


def shared_script() -> Path:
    """Return what converts the shared encoder.

    Raises:
        SettingError: when it is missing.
    """
    script = shared_folder() / "base-model" / "to_hf.py"
    if not script.is_file():
        raise SettingError(f"{script} is missing")
    return script


def _shared(folder: Path) -> Base:
    try:
        script = shared_script()
    except SettingError as error:
        raise SettingError(
            f"{error}; or name what to start from, --from artifacts/tagger for the shipped tagger"
        ) from error
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(script), str(folder)], stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        told = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise SettingError(f"{script} cannot convert the shared encoder: {told}")
    shutil.copyfile(Path(__file__).parents[1] / NOTICE, folder / NOTICE)
    return Base(folder, SHARED, SHARED_LICENCE, sentences=True)


def _restored(folder: Path, artifact: Path) -> Base:
    """Return the network of one of our artifacts, to go on with."""
    from models.training.restore import restore

    manifest = load_manifest(artifact)
    restore(artifact, manifest.attention_heads, folder)
    if (artifact / NOTICE).is_file():
        shutil.copyfile(artifact / NOTICE, folder / NOTICE)
    licence = manifest.licence.partition("base encoder ")[2]
    name = f"{manifest.base.split(',')[0]}, by way of tagger {manifest.model_id}"
    return Base(folder, name, licence, sentences=False)


def _fetched(folder: Path, name: str) -> Base:
    from transformers import AutoConfig, AutoTokenizer, BertModel
    from transformers.utils import logging as tells

    untyped: Any = tells
    untyped.set_verbosity_error()  # of each weight that no tagger needs; what lacks is told below
    untyped = BertModel
    try:
        config = AutoConfig.from_pretrained(name)
        if config.model_type != "bert":
            raise SettingError(f"{name} is a {config.model_type}; a BERT is needed")
        encoder, found = untyped.from_pretrained(
            name, add_pooling_layer=False, output_loading_info=True
        )
        encoder.float().save_pretrained(folder)  # many are kept in half precision
        tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
        tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    except SettingError:
        raise
    except Exception as error:  # those of the libraries share no base class
        raise SettingError(f"{name} cannot be loaded as a Hugging Face model: {error}") from error
    if absent := sorted(found["missing_keys"]):
        raise SettingError(f"{name} has no weights for {absent[0]} and {len(absent) - 1} others")
    vocabulary = Tokenizer.from_file(str(folder / TOKENIZER)).get_vocab()
    if missing := [token for token in NEEDED if token not in vocabulary]:
        raise SettingError(f"the tokenizer of {name} lacks {', '.join(missing)}")
    if vocabulary.keys() <= set(tokenizer.all_special_tokens):
        raise SettingError(f"{name} has no tokenizer: tokenizer.json or vocab.txt is needed")
    for what, there, needed in (
        ("words", config.vocab_size, max(vocabulary.values()) + 1),
        ("segments", config.type_vocab_size, 2),
        ("places", config.max_position_embeddings, EMBED_LENGTH),
    ):
        if there < needed:
            raise SettingError(f"{name} has embeddings of {there} {what}; {needed} are needed")
    return Base(folder, name, "see the base encoder's own", sentences=False)
