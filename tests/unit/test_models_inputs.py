"""How a policy and a comment become tokens, and how outputs become labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.policy import Policy
from minyi.settings import ROOT
from minyi.vocabulary import Domain, Stance
from models.artifact import Decision, model_id
from models.deciding import decide, stance_chances
from models.evidence import shown, weights
from models.inputs import CELLS, InputEncoder, policy_context

ARTIFACT = ROOT / "artifacts" / "tagger"


def policy(**fields: object) -> Policy:
    return Policy.model_validate(
        {
            "id": "p",
            "title": "机动车尾号限行",
            "domain": Domain.TRANSPORT,
            "description": "按车牌尾号限制上路。",
            "department": "公安部",
            **fields,
        }
    )


@pytest.fixture(scope="module")
def inputs() -> InputEncoder:
    return InputEncoder(ARTIFACT, 64)


def test_the_context_is_the_title_and_a_few_other_names() -> None:
    assert policy_context(policy()) == "机动车尾号限行"
    named = policy(aliases=("尾号限行", "单双号", "限號", "ETC限行", "错峰出行"))
    assert policy_context(named) == "机动车尾号限行：单双号、限号、etc限行"


def test_a_pair_is_context_then_comment(inputs: InputEncoder) -> None:
    encoded = inputs.pair("限行", "支持限行")
    assert encoded.ids[0] == inputs.cls
    assert [i for i, token in enumerate(encoded.ids) if token == inputs.sep] == [3, 8]
    assert encoded.start == 4
    assert encoded.offsets == ((0, 1), (1, 2), (2, 3), (3, 4))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_fits_and_offsets_point_into_it(inputs: InputEncoder, text: str) -> None:
    encoded = inputs.pair("机动车尾号限行", text)
    assert len(encoded.ids) <= inputs.max_length
    assert all(0 <= start <= end <= len(text) for start, end in encoded.offsets)
    assert list(encoded.offsets) == sorted(encoded.offsets)
    assert len(inputs.single(text).ids) <= inputs.max_length


@pytest.mark.parametrize("max_length", [32, 48, 64, 128])
def test_a_policy_of_many_names_leaves_room_for_the_comment(max_length: int) -> None:
    inputs = InputEncoder(ARTIFACT, max_length)
    for mentions in ((), ("限行",)):
        encoded = inputs.pair("限" * 60, "一" * 200 + "限行" + "二" * 200, mentions)
        assert len(encoded.ids) == max_length
        assert len(encoded.offsets) >= max_length // 2 - 2


def test_a_long_comment_keeps_its_ends_and_the_named_passage(inputs: InputEncoder) -> None:
    text = "开头" + "一" * 500 + "限行不公平" + "二" * 500 + "结尾"
    kept = "".join(text[a:b] for a, b in inputs.pair("限行", text, ("限行",)).offsets)
    assert kept.startswith("开头")
    assert kept.endswith("结尾")
    assert "限行不公平" in kept
    unnamed = "".join(text[a:b] for a, b in inputs.pair("限行", text).offsets)
    assert unnamed.startswith("开头")
    assert unnamed.endswith("结尾")


def test_cells_above_their_threshold_are_reported() -> None:
    thresholds = [0.5] * len(CELLS)
    thresholds[1] = 0.99
    tagging = decide(
        Decision(thresholds=tuple(thresholds)),
        np.array([2.0, 0.0, 0.0], np.float32),
        np.array([1.0, 1.0] + [-4.0] * 10, np.float32),
        lambda: (0, 4),
    )
    assert tagging.stance is Stance.FAVOR
    assert tagging.span == (0, 4)
    assert [(e.aspect, e.polarity) for e in tagging.evaluations] == [CELLS[0]]
    assert tagging.evaluations[0].probability == pytest.approx(0.7311)


def test_scale_and_bias_come_before_the_decision() -> None:
    logits, cells = np.array([1.0, 2.0, 0.0], np.float32), np.full(len(CELLS), 2, np.float32)
    scaled = Decision(
        stance_scale=(3.0, 1.0, 1.0),
        stance_bias=(0.0, -1.0, 0.0),
        evaluation_scale=(0.5, *[1.0] * 11),
        evaluation_bias=(0.0, -4.0, *[0.0] * 10),
    )
    found = decide(scaled, logits, cells, lambda: None)
    shares = np.exp([3.0, 1.0, 0.0]) / np.exp([3.0, 1.0, 0.0]).sum()
    assert found.stance is Stance.FAVOR
    assert list(found.probabilities.model_dump().values()) == pytest.approx(shares, abs=1e-4)
    chances = {(e.aspect, e.polarity): e.probability for e in found.evaluations}
    assert chances[CELLS[0]] == pytest.approx(0.7311)
    assert CELLS[1] not in chances
    assert len(chances) == len(CELLS) - 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-8, 8), min_size=3, max_size=3), st.floats(0, 1))
def test_a_stance_below_the_band_is_not_sure(logits: list[float], least: float) -> None:
    outputs = np.array(logits, np.float32), np.full(len(CELLS), -9, np.float32), lambda: (0, 4)
    found = decide(Decision(sure_from=least), *outputs)
    best = stance_chances(Decision(), outputs[0]).max()
    assert found.sure == (best >= least)
    assert (found.span is None) == (found.stance is Stance.NONE)
    assert decide(Decision(), *outputs).sure


@pytest.mark.parametrize("telling", range(3))
def test_the_evidence_is_the_clause_that_speaks_most_for_the_stance(
    inputs: InputEncoder, telling: int
) -> None:
    clauses = ["今天早上七点出门", "限行实在太不公平", "晚上九点才回到家"]
    text = "。".join(clauses)
    encoded = inputs.pair("限行", text)
    evidence = np.zeros(len(encoded.ids), np.float32)
    for place, (start, _) in enumerate(encoded.offsets):
        evidence[encoded.start + place] = float(start // 9 == telling)
    span = shown(weights(evidence, text, encoded), text, (), 1.0)
    assert span is not None
    assert text[span[0] : span[1]] == clauses[telling]


def test_the_model_id_names_what_results_depend_on() -> None:
    files = {"model.onnx": "a", "tokenizer.json": "b"}
    same = model_id(dict(reversed(files.items())), Decision())
    assert model_id(files, Decision()) == same
    assert model_id(files | {"model.onnx": "c"}, Decision()) != same
    for other in (
        Decision(stance_scale=(1.1, 1.0, 1.0)),
        Decision(stance_bias=(0.1, 0.0, 0.0)),
        Decision(evaluation_scale=(1.1, *[1.0] * 11)),
        Decision(evaluation_bias=(0.1, *[0.0] * 11)),
        Decision(thresholds=(0.4, *[0.5] * 11)),
        Decision(sure_from=0.5),
        Decision(stance_wide=0.1),
        Decision(stance_wide_known=0.1),
        Decision(evaluation_wide=0.1),
        Decision(evidence_named=2.0),
    ):
        assert model_id(files, other) != same


@pytest.mark.parametrize(
    "field",
    ["stance_scale", "stance_bias", "prior", "evaluation_scale", "evaluation_bias", "thresholds"],
)
def test_a_decision_needs_one_number_for_each_output(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: one per"):
        Decision.model_validate({field: (1.0,)})
