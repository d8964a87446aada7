"""``minyi model``: a tagger of one's own from a tiny encoder; what trains needs the extra."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from minyi.cli.training import TRAINING
from minyi.policy import Policy
from minyi.vocabulary import Domain
from models.artifact import load_manifest, model_id
from models.rows.shared import SHARED_VARIABLE
from models.runtime import OnnxTagger
from tests.unit.cli_runner import Cli
from tests.unit.tiny_bert import Own, extra, write_base, write_own

POLICY = Policy(
    id="campus-wifi",
    title="校园WiFi",
    domain=Domain.EDUCATION,
    description="在校园里免费开通无线上网。",
    department="教育部",
)

# The exporter calls what its own libraries deprecate, and says so when axes share a name.
pytestmark = [
    pytest.mark.usefixtures("same_logging"),
    pytest.mark.filterwarnings("ignore:# The axis name:UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv(SHARED_VARIABLE, raising=False)
    return Cli(tmp_path / "var", monkeypatch)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    for name in TRAINING:
        extra(name)
    threads = extra("torch").get_num_threads()
    extra("torch").set_num_threads(1)  # what is so small only waits for others
    yield write_own(tmp_path_factory.mktemp("own"))
    extra("torch").set_num_threads(threads)


@pytest.fixture(scope="module")
def run(own: Own, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after its first stage and then went on to the end."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv(SHARED_VARIABLE, raising=False)
        cli = Cli(folder, monkeypatch)
        cli(*own.train(folder, "--until", "first"))
        assert (folder / "first.pt").is_file()
        assert not (folder / "artifact").exists()
        export = ("model", "export", *own.again(folder), "--out", folder / "early")
        assert "has no stage second; run minyi model train first" in cli.told(*export)
        printed = cli(*own.train(folder))
    assert "going on at stage 2" in printed
    assert f"MINYI_MODEL={folder / 'artifact'}" in printed.replace("\n", "")
    return folder


def same(one: Path, two: Path) -> bool:
    """Whether two stages hold the same weights, bit for bit."""
    torch = extra("torch")
    first, second = (torch.load(path, weights_only=True) for path in (one, two))
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_the_artifact_of_a_users_own_base_is_loaded_and_tags(run: Path, own: Own) -> None:
    tagger = OnnxTagger(run / "artifact", threads=1)
    texts = ["支持校园WiFi", "", "反对！又贵又慢" * 60]
    for text, tagging in zip(texts, tagger.tag([(POLICY, text) for text in texts]), strict=True):
        assert sum(tagging.probabilities.model_dump().values()) == pytest.approx(1, abs=2e-4)
        assert tagging.span is None or text[slice(*tagging.span)].strip()
    assert np.linalg.norm(tagger.embed(texts), axis=1) == pytest.approx(1, abs=1e-5)
    manifest = load_manifest(run / "artifact")
    assert manifest.base == str(own.base)
    assert own.data.name in manifest.data
    assert manifest.config["vector_texts"] == 60
    assert manifest.decision.stance_scale != (1.0, 1.0, 1.0)
    assert manifest.decision.evidence_named == 6  # as shipped: no row is marked


def test_a_run_is_written_again_by_its_own_recipe(
    run: Path, own: Own, cli: Cli, tmp_path: Path
) -> None:
    cli("model", "export", "--run", run, "--data", own.data, "--out", tmp_path / "again")
    first, again = (load_manifest(folder) for folder in (run / "artifact", tmp_path / "again"))
    assert (again.model_id, again.config) == (first.model_id, first.config)
    nothing = ("model", "export", "--run", tmp_path / "none", "--data", own.data)
    for more in ((), ("--config", own.config)):
        assert f"{tmp_path / 'none'} holds no training run" in cli.told(*nothing, *more)
    assert not (tmp_path / "none").exists()


def test_the_float32_graph_is_the_network_and_int8_is_near(run: Path, own: Own) -> None:
    from models.exporting.export import shipped
    from models.inputs import InputEncoder
    from models.training.base import prepare_base
    from models.training.batches import collate
    from models.training.config import load_config

    base = prepare_base(run)
    network = shipped(load_config(own.config), base, run).eval()
    inputs = InputEncoder(base.folder, 48)
    texts = ["好", "支持校园WiFi，" * 9, "反对"]
    ids, mask, segments = collate([inputs.pair("校园WiFi", text) for text in texts], inputs.pad)
    with extra("torch").no_grad():
        output = network(ids, mask, segments)
    feed = {"ids": ids.numpy(), "mask": mask.numpy(), "segments": segments.numpy()}
    for path, near in ((run / "float32.onnx", 1e-4), (run / "artifact" / "model.onnx", 0.05)):
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        assert [out.name for out in session.get_outputs()] == list(output._fields)
        for found, wanted in zip(session.run(None, feed), output, strict=True):
            assert found == pytest.approx(wanted.numpy(), abs=near)


def test_a_tagger_is_trained_further(run: Path, own: Own, cli: Cli, tmp_path: Path) -> None:
    from models.inputs import InputEncoder
    from models.training.base import prepare_base
    from models.training.batches import collate
    from models.training.network import TaggerNetwork

    further = tmp_path / "further"
    base = prepare_base(further, str(run / "artifact"))
    assert load_manifest(run / "artifact").model_id in base.name
    network = TaggerNetwork.from_base(base.folder).eval()
    inputs = InputEncoder(base.folder, 48)
    pairs = [("校园WiFi", text, ()) for text in ("好", "支持校园WiFi，" * 9, "反对")]
    encoded = [inputs.pair(*pair) for pair in pairs]
    with extra("torch").no_grad():
        output = network(*collate(encoded, inputs.pad))
    stance, cells = OnnxTagger(run / "artifact", threads=1).deep_logits(pairs)
    assert output.stance.numpy() == pytest.approx(stance, abs=0.05)
    assert output.evaluation.numpy() == pytest.approx(cells, abs=0.05)

    cli("model", "train", *own.again(further, "--from", run / "artifact"))
    assert (further / "before.pt").is_file()
    manifest = load_manifest(further / "artifact")
    assert manifest.base.endswith(f"by way of tagger {load_manifest(run / 'artifact').model_id}")
    assert OnnxTagger(further / "artifact", threads=1).tag([(POLICY, "支持校园WiFi")])


@pytest.mark.parametrize("killed_at", [3, 6, 8, None])
def test_a_run_gives_the_same_wherever_it_was_stopped(
    cli: Cli,
    run: Path,
    own: Own,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_at: int | None,
) -> None:
    from models.training.train import Trainer

    steps, loss = 0, Trainer._loss

    def killed(self: Trainer, *parts: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == killed_at:
            raise RuntimeError("killed")
        return loss(self, *parts)

    if killed_at:
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "_loss", killed)
            with pytest.raises(RuntimeError, match="killed"):
                cli(*own.train(tmp_path))
    assert ("going on" in cli(*own.train(tmp_path, "--until", "second"))) == bool(killed_at)
    for stage in ("words.pt", "first.pt", "second.pt"):
        assert same(tmp_path / stage, run / stage)


def test_a_stage_drops_and_slows_down_as_the_recipe_says(
    cli: Cli, own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.training.network import TaggerNetwork
    from models.training.train import _Schedule

    rates, shares = [], []
    set_rate, drop = _Schedule.set, TaggerNetwork.drop

    def rated(self: Any, step: int) -> None:
        set_rate(self, step)
        rates.append(self.optimizer.param_groups[0]["lr"])

    def dropped(self: Any, share: float) -> None:
        drop(self, share)
        shares.append(share)

    monkeypatch.setattr(_Schedule, "set", rated)
    monkeypatch.setattr(TaggerNetwork, "drop", dropped)
    cli(*own.train(tmp_path, "--until", "second"))
    assert shares == [0, 0.2, 0]
    three_steps = rates[-3 - 3 : -3]  # the second stage has three batches
    assert three_steps == pytest.approx([8e-5, 8e-5, 4e-5])


def test_a_run_killed_while_a_stage_is_written_writes_it_again(
    cli: Cli, run: Path, own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = extra("torch")
    save = torch.save

    def killed(state: Any, path: Path) -> None:
        if "first" in Path(path).name:
            Path(path).write_bytes(b"half")
            raise RuntimeError("killed")
        save(state, path)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", killed)
        with pytest.raises(RuntimeError, match="killed"):
            cli(*own.train(tmp_path))
    assert not (tmp_path / "first.pt").exists()
    cli(*own.train(tmp_path, "--until", "first"))
    assert same(tmp_path / "first.pt", run / "first.pt")


def test_a_run_does_not_go_on_from_another_base(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    other = write_base(tmp_path / "other", 2)
    told = cli.told("model", "train", "--from", other, *own.again(run))
    assert f"{run} was begun from {own.base}" in told
    assert "give another --run" in told


def test_a_run_does_not_go_on_with_other_stages(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(own.config.read_text().replace('name = "first"', 'name = "one"'))
    told = cli.told("model", "train", "--data", own.data, "--config", other, "--run", run)
    assert "begun with another stage first (name)" in told
    assert "give another --run" in told


def test_a_source_without_labels_is_for_hidden_words_only(
    cli: Cli, own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.rows.examples import Example
    from models.rows.sources import BUNDLED, SOURCES

    texts = [Example("", f"第{number}条微博") for number in range(20)]
    monkeypatch.setitem(SOURCES, "posts", lambda split: texts if split == "train" else [])
    monkeypatch.setattr("models.rows.sources.BUNDLED", BUNDLED | {"posts"})
    recipe = own.config.read_text()
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(recipe.replace("take = 24 }", 'take = 24 }, { name = "posts" }'))
    told = cli.told(*own.train(tmp_path / "run"), "--config", wrong)
    assert "stage second: a source has no labels" in told


def test_a_dry_run_counts_rows_and_writes_nothing(cli: Cli, own: Own, tmp_path: Path) -> None:
    printed = cli(*own.train(tmp_path / "run", "--dry-run"))
    assert printed.count("data: 33 x 1") == 2
    assert "my.jsonl: 44 labelled comments, 33 to train, 11 to validate" in printed
    assert "known by their names alone: 校园WiFi" in printed
    assert cli.result(*own.train(tmp_path / "run", "--dry-run")).stderr == ""
    assert "first: 33 rows" in printed
    assert "second: 24 rows" in printed
    assert "to calibrate on: 11 rows" in printed
    assert not (tmp_path / "run").exists()


def test_how_far_a_training_is_stands_beside_what_it_answers(
    cli: Cli, own: Own, tmp_path: Path
) -> None:
    """On standard error, with the log, so that neither is written into the other."""
    assert cli.result(*own.train(tmp_path, "--until", "words")).stdout == ""
    assert "3/3" in cli(*own.train(tmp_path, "--until", "first"))


def test_a_stage_that_reads_more_than_the_base_can_is_refused(
    cli: Cli, own: Own, tmp_path: Path
) -> None:
    longer = tmp_path / "longer.toml"
    longer.write_text(own.config.read_text() + "max_length = 300")
    told = cli.told(*own.train(tmp_path / "run"), "--config", longer)
    assert "stage second: max_length is 300" in told
    assert "embeddings of 256 places" in told


def test_a_dry_run_reads_the_recipe_that_would_be_trained_by(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    """From another base than the shared encoder that is the one for own comments."""
    for start in (("--from", run / "artifact", "--run", tmp_path / "run"), ("--run", run)):
        assert "give --data FILE" in cli.told("model", "train", *start, "--dry-run")


def test_a_stage_that_the_recipe_does_not_have_is_refused(
    cli: Cli, own: Own, tmp_path: Path
) -> None:
    told = cli.told(*own.train(tmp_path, "--until", "third"))
    assert "third" in told
    assert "words, first, second" in told


def test_a_base_that_is_no_bert_is_refused(cli: Cli, own: Own, tmp_path: Path) -> None:
    from_here = ("model", "train", *own.again(tmp_path / "run"), "--from")
    other = tmp_path / "other"
    assert f"{other} cannot be loaded" in cli.told(*from_here, other)
    other.mkdir()
    assert f"{other} cannot be loaded" in cli.told(*from_here, other)
    extra("transformers").GPT2Config().save_pretrained(other)
    assert f"{other} is a gpt2; a BERT is needed" in cli.told(*from_here, other)


def test_scores_of_own_comments_are_shown_and_saved(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    artifact = shutil.copytree(run / "artifact", tmp_path / "artifact")
    printed = cli("model", "score", "--artifact", artifact, "--data", own.data, "--save")
    assert "my.jsonl: stance, macro-F1" in printed
    assert load_manifest(artifact).scores["val"]["my.jsonl: stance, macro-F1"]["rows"] == 11
    assert "my.jsonl: stance, macro-F1" in cli("model", "info", "--artifact", artifact)


def test_held_out_rows_are_in_the_manifest_and_can_be_tagged_again(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    artifact = shutil.copytree(run / "artifact", tmp_path / "artifact")
    manifest = load_manifest(artifact)
    assert manifest.held_out is not None
    assert manifest.held_out.model_id == manifest.model_id
    manifest.model_copy(update={"held_out": None}).save(artifact)
    printed = cli("model", "hold-out", "--artifact", artifact, "--data", own.data)
    assert "rows of" in printed
    assert load_manifest(artifact) == manifest


def test_how_an_artifact_decides_is_chosen_again(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    artifact = shutil.copytree(run / "artifact", tmp_path / "artifact")
    manifest = load_manifest(artifact)
    scored = {"val": {"my.jsonl: stance, macro-F1": {"model": 0.9, "rows": 11.0}}}
    other = manifest.decision.model_copy(update={"stance_bias": (0.0, 4.0, 0.0), "sure_from": 0.9})
    moved = model_id(manifest.files, other)
    manifest.model_copy(
        update={"decision": other, "model_id": moved, "scores": scored, "held_out": None}
    ).save(artifact)
    cli("model", "calibrate", "--artifact", artifact, "--data", own.data)
    assert load_manifest(artifact) == manifest.model_copy(update={"scores": {}})


def test_a_diagram_of_own_comments_needs_no_corpora(
    cli: Cli, run: Path, own: Own, tmp_path: Path
) -> None:
    diagram = tmp_path / "figures" / "reliability.svg"
    score = ("model", "score", "--artifact", run / "artifact", "--data", own.data)
    cli(*score, "--diagram", diagram)
    assert diagram.read_text("utf-8").startswith("<svg")


def test_an_artifact_does_not_differ_from_itself(
    cli: Cli, run: Path, own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.scoring.compare.DRAWS", 20)
    printed = cli("model", "compare", run / "artifact", run / "artifact", "--data", own.data)
    assert "0 of 11 comments get another stance" in printed
    assert printed.count("+0.000 to +0.000") == 3
    assert "yes" not in printed
