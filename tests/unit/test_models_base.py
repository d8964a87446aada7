"""What training can start from, and what is refused before it; needs the ``train`` extra."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minyi.errors import SettingError
from models.rows.shared import SHARED_VARIABLE
from tests.unit.tiny_bert import extra, write_base

torch: Any = extra("torch")
transformers: Any = extra("transformers")
load_file: Any = extra("safetensors.torch").load_file
save_file: Any = extra("safetensors.torch").save_file
base: Any = extra("models.training.base")


@pytest.fixture(autouse=True)
def no_corpora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Hugging Face folder that is as it should be."""
    return write_base(tmp_path / "bert", 1)


def test_weights_kept_in_half_precision_are_trained_in_whole(folder: Path, tmp_path: Path) -> None:
    half = transformers.BertModel.from_pretrained(folder).half()
    half.save_pretrained(folder)
    found = base.prepare_base(tmp_path / "run", str(folder))
    encoder = transformers.BertModel.from_pretrained(found.folder, add_pooling_layer=False)
    assert {value.dtype for value in encoder.parameters()} == {torch.float32}
    words = "embeddings.word_embeddings.weight"
    assert torch.equal(encoder.state_dict()[words], half.state_dict()[words].float())


def test_a_base_that_brings_more_than_is_needed_is_no_news(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nearly all have a pooler, which no tagger has."""
    base.prepare_base(tmp_path / "run", str(folder))
    assert caplog.text == ""


def shaped(folder: Path, **fields: int) -> Path:
    """Give a folder other weights, with as many of something as the fields say."""
    config = transformers.BertConfig.from_pretrained(folder)
    for name, value in fields.items():
        setattr(config, name, value)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"vocab_size": 100}, "embeddings of 100 words; 21128 are needed"),
        ({"type_vocab_size": 1}, "embeddings of 1 segments; 2 are needed"),
        ({"max_position_embeddings": 40}, "embeddings of 40 places; 128 are needed"),
    ],
)
def test_a_base_that_is_too_small_to_read_pairs_is_refused(
    folder: Path, tmp_path: Path, fields: dict[str, int], said: str
) -> None:
    with pytest.raises(SettingError, match=f"bert has {said}"):
        base.prepare_base(tmp_path / "run", str(shaped(folder, **fields)))


def renamed(folder: Path) -> None:
    weights = folder / "model.safetensors"
    kept = {f"x.{name}": value for name, value in load_file(weights).items()}
    save_file(kept, weights, metadata={"format": "pt"})


def halved(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (renamed, "has no weights for embeddings.LayerNorm.bias and [0-9]+ others"),
        (halved, "cannot be loaded as a Hugging Face model: "),
        (without_tokenizer, "has no tokenizer"),
    ],
)
def test_a_base_that_would_be_trained_from_nothing_is_refused(
    folder: Path, tmp_path: Path, broken: Callable[[Path], None], said: str
) -> None:
    broken(folder)
    with pytest.raises(SettingError, match=f"bert {said}"):
        base.prepare_base(tmp_path / "run", str(folder))
    assert not (tmp_path / "run" / "base" / base.FACTS).exists()


def test_without_the_shared_encoder_one_is_told_what_else_to_start_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=f"set {SHARED_VARIABLE} .*; or .* --from artifacts/tag"):
        base.prepare_base(tmp_path / "run")
    (tmp_path / "data").mkdir()
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    with pytest.raises(SettingError, match=r"to_hf\.py is missing; or .* --from artifacts/tagger"):
        base.prepare_base(tmp_path / "run")


def test_a_shared_encoder_that_cannot_be_converted_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "base-model"):
        (tmp_path / name).mkdir()
    script = tmp_path / "base-model" / "to_hf.py"
    script.write_text('import sys\nsys.exit("missing encoder.bias")\n')
    monkeypatch.setenv(SHARED_VARIABLE, str(tmp_path))
    with pytest.raises(SettingError, match=r"to_hf\.py cannot convert .*: missing encoder\.bias"):
        base.prepare_base(tmp_path / "run")
