"""The shipped tagger keeps the promises of the ports ``Tagger`` and ``Encoder``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minyi.domain import Tagging
from minyi.errors import InvalidArtifact
from minyi.policy import Policy
from minyi.ports import Cached
from minyi.settings import ROOT
from minyi.vocabulary import Domain, Stance
from models.artifact import MANIFEST
from models.inputs import policy_context, policy_names
from models.rows.examples import policies
from models.runtime import LENGTHS, OnnxTagger, longest

ARTIFACT = ROOT / "artifacts" / "tagger"

FIREWORKS = Policy(
    id="fireworks-ban",
    title="禁限放烟花爆竹",
    domain=Domain.SAFETY,
    description="限制或禁止在城区燃放烟花爆竹。",
    aliases=("禁放烟花", "禁放鞭炮", "烟花爆竹"),
    department="公安部",
)
METRO = Policy(
    id="metro-construction",
    title="城市轨道交通建设",
    domain=Domain.TRANSPORT,
    description="规划和建设地铁、轻轨等城市轨道交通。",
    department="国家发展改革委",
)
TEXTS = (
    "支持禁放，过年终于能睡个安稳觉了。",
    "反对一刀切！年味都没了，祖祖辈辈放了几百年，凭什么说禁就禁？",
    "请问今年初一到初五哪些地方可以放？",
    "😀😀😀",
    "ok, whatever you say",
    "",
    "   \n",
    "強烈要求把地鐵修到我們區，每天擠公交上班太辛苦了",
    "地铁",
    "盼了八年的3号线终于开通了，票价也不贵，给建设者点赞！就是换乘通道太长，老人走得吃力。" * 3,
    "修路修了三年，天天绕行，噪声灰尘没人管，打电话也是互相推。" * 30,
)


@pytest.fixture(scope="module")
def tagger() -> OnnxTagger:
    """A tagger that remembers nothing, so that every call computes."""
    return OnnxTagger(ARTIFACT, threads=2, cached=0)


@pytest.fixture(scope="module")
def alone(tagger: OnnxTagger) -> dict[tuple[str, str], Tagging]:
    return {(p.id, t): tagger.tag([(p, t)])[0] for p in (FIREWORKS, METRO) for t in TEXTS}


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.sampled_from((FIREWORKS, METRO)), st.sampled_from(TEXTS)),
        min_size=1,
        max_size=24,
    )
)
def test_a_result_does_not_depend_on_its_batch(
    tagger: OnnxTagger,
    alone: dict[tuple[str, str], Tagging],
    pairs: list[tuple[Policy, str]],
) -> None:
    assert tagger.tag(pairs) == [alone[policy.id, text] for policy, text in pairs]


def test_logits_and_vectors_are_the_same_bit_for_bit_in_any_batch(tagger: OnnxTagger) -> None:
    pairs = [("禁限放烟花爆竹", text, ()) for text in TEXTS]
    stance, evaluation = tagger.logits(pairs)
    vectors = tagger.embed(TEXTS)
    for index, pair in enumerate(pairs):
        one, two = tagger.logits([pair])
        assert np.array_equal(one[0], stance[index])
        assert np.array_equal(two[0], evaluation[index])
        assert np.array_equal(tagger.embed([pair[1]])[0], vectors[index])


def test_the_wide_half_weighs_by_whether_it_knows_the_policy(tagger: OnnxTagger) -> None:
    taught = policies()["fireworks-ban"]
    assert tagger.wide_knows(list(map(policy_context, (taught, METRO)))).tolist() == [True, False]
    decision, count = tagger.manifest.decision, len(TEXTS)
    pairs = [(policy_context(p), text, policy_names(p)) for p in (taught, METRO) for text in TEXTS]
    added = tagger.logits(pairs)[0] - tagger.deep_logits(pairs)[0]
    wide, _ = tagger.wide_logits([pair[:2] for pair in pairs])
    assert decision.stance_wide_known
    np.testing.assert_allclose(added[:count], decision.stance_wide_known * wide[:count], atol=1e-5)
    np.testing.assert_allclose(added[count:], decision.stance_wide * wide[count:], atol=1e-5)


@given(places=st.integers(LENGTHS[0], 2000))
def test_no_pair_is_padded_to_more_than_has_embeddings(places: int) -> None:
    limit = longest(places)
    assert limit <= places
    assert all(min(n for n in LENGTHS if n >= tokens) <= places for tokens in range(1, limit + 1))


def test_the_number_of_threads_changes_nothing(tagger: OnnxTagger) -> None:
    pairs = [(policy, text) for policy in (FIREWORKS, METRO) for text in TEXTS]
    assert OnnxTagger(ARTIFACT, threads=1, cached=0).tag(pairs) == tagger.tag(pairs)


def test_probabilities_agree_with_the_stance(alone: dict[tuple[str, str], Tagging]) -> None:
    for tagging in alone.values():
        shares = tagging.probabilities.model_dump()
        assert sum(shares.values()) == pytest.approx(1, abs=2e-4)
        assert shares[tagging.stance] == max(shares.values())


def test_the_evidence_is_a_passage_of_the_text(alone: dict[tuple[str, str], Tagging]) -> None:
    for (_, text), tagging in alone.items():
        if tagging.span is None:
            assert tagging.stance is Stance.NONE or not text.strip()
        else:
            start, end = tagging.span
            assert text[start:end].strip() == text[start:end] != ""


def test_plain_support_and_plain_opposition_are_told_apart(tagger: OnnxTagger) -> None:
    support, opposition = tagger.tag(
        [
            (METRO, "支持修地铁，上班方便多了"),
            (METRO, "反对修地铁，浪费钱"),
        ]
    )
    assert support.stance is Stance.FAVOR
    assert opposition.stance is Stance.AGAINST


def test_traditional_characters_and_capitals_change_nothing(tagger: OnnxTagger) -> None:
    one, two = tagger.tag([(METRO, "強烈支持地鐵建設 OK"), (METRO, "强烈支持地铁建设 ok")])
    assert one == two


def test_the_longest_comment_is_read_around_the_policys_name(tagger: OnnxTagger) -> None:
    filler = "今天天气不错，我去公园走了走。" * 666
    text = f"{filler[:9900]}坚决反对禁放烟花，应该马上取消！{filler[:9900]}"[:20_000]
    tagging = tagger.tag([(FIREWORKS, text)])[0]
    assert tagging.span is None or tagging.span[1] <= len(text)
    assert tagging.probabilities.none < tagger.tag([(FIREWORKS, filler)])[0].probabilities.none


def test_a_comment_seen_before_gets_the_same_answer() -> None:
    remembering = OnnxTagger(ARTIFACT, threads=2)
    pairs = [(FIREWORKS, text) for text in TEXTS]
    assert remembering.tag(pairs) == remembering.tag(pairs[::-1])[::-1]
    assert remembering.tag([]) == []


def test_the_tagger_tells_how_often_its_cache_helped() -> None:
    tagger = OnnxTagger(ARTIFACT)
    one, two = ((FIREWORKS, text) for text in TEXTS[:2])
    assert isinstance(tagger, Cached)
    assert tagger.cache_counts() == (0, 0)
    tagger.tag([one, one, two])
    assert tagger.cache_counts() == (1, 2)
    tagger.tag([one, two])
    assert tagger.cache_counts() == (3, 2)


def test_vectors_are_units_and_near_for_what_is_near(tagger: OnnxTagger) -> None:
    vectors = tagger.embed(
        ["建议修建地铁", "希望早日开通轨道交通", "工资被拖欠三个月", "工资被拖欠三个月"]
    )
    assert vectors.shape == (4, 512)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert np.array_equal(vectors[2], vectors[3])
    assert tagger.embed([]).shape == (0, 512)


def test_serving_needs_no_training_library() -> None:
    heavy = "{'torch', 'transformers', 'onnx', 'sklearn', 'scipy'}"
    code = f"import sys, models.runtime; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_artifact_is_small_and_keeps_the_notice_of_its_base() -> None:
    size = sum(path.stat().st_size for path in ARTIFACT.iterdir())
    assert size < 30_000_000
    assert "MIT License" in (ARTIFACT / "NOTICE").read_text("utf-8")


def test_a_missing_or_damaged_artifact_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidArtifact, match="MINYI_MODEL"):
        OnnxTagger(tmp_path)
    broken = tmp_path / "tagger"
    shutil.copytree(ARTIFACT, broken)
    with (broken / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(InvalidArtifact, match=r"tokenizer\.json is not the file"):
        OnnxTagger(broken)
    (broken / "tokenizer.json").unlink()
    with pytest.raises(InvalidArtifact, match=r"tokenizer\.json is missing"):
        OnnxTagger(broken)
    manifest = json.loads((broken / MANIFEST).read_bytes())
    for wrong, said in (
        ({"files": {"tokenizer.json": manifest["files"]["tokenizer.json"]}}, "lacks model.onnx"),
        ({"decision": manifest["decision"] | {"max_length": 600}}, "max_length"),
    ):
        (broken / MANIFEST).write_text(json.dumps(manifest | wrong), "utf-8")
        with pytest.raises(InvalidArtifact, match=said):
            OnnxTagger(broken)
    (broken / MANIFEST).write_text("{", "utf-8")
    with pytest.raises(InvalidArtifact, match=MANIFEST):
        OnnxTagger(broken)
