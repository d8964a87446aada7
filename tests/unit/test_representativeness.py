"""Who speaks beside who lives there, and what that makes of the shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minyi.domain import StanceProbabilities
from minyi.errors import InvalidMargins, InvalidQuery
from minyi.outputs import output
from minyi.prevalence import share
from minyi.query import Cell, Counts, Facet
from minyi.shares.adjusting import Adjuster
from minyi.shares.denominators import Count
from minyi.shares.held_out import HeldOut, HeldOutPolicy
from minyi.shares.labels import Label, Labels
from minyi.shares.summing import total
from minyi.speakers.margins import MAX_BYTES, Margins, load_margins, parse_margins
from minyi.speakers.raking import apportion
from minyi.speakers.representativeness import Reason, Representativeness, compare
from minyi.speakers.weighed import Weighed
from minyi.vocabulary import Aspect, Polarity, Stance

HALVES = Margins(source="s", margins={Facet.REGION: {"北": 1, "南": 1}})


def cell(
    *values: str | None, favor: int, against: int, none: int = 0, authors: int | None = None
) -> Cell:
    counts = Counts(
        favor=favor,
        against=against,
        none=none,
        evaluations={Aspect.COST: {Polarity.CRITICISM: against}} if against else {},
    )
    return Cell(values=values, counts=counts, authors=authors or counts.total)


def found(
    *cells: Cell, margins: Margins | None = HALVES, count: Count = Count.OPINIONS
) -> Representativeness:
    return compare("p", cells, margins, count=count)


def test_the_few_of_the_south_count_for_as_many_as_live_there() -> None:
    answer = found(cell("北", favor=80, against=0), cell("南", favor=0, against=20))
    assert answer.raw.favor == share(80, 100, "opinions")
    raked = answer.raked
    assert raked is not None
    assert raked.favor.value == raked.against.value == 0.5
    assert raked.favor.count == 80
    assert raked.favor.n == 100
    assert raked.favor.denominator == "opinions, weighted to known margins of region"
    assert raked.evaluations[3].criticism.value == 0.5
    assert (raked.n_effective, raked.design_effect) == (64.0, 1.562)
    assert raked.met
    assert raked.favor.low == pytest.approx(share(32, 64, "").low, abs=1e-4)
    (region,) = answer.speakers
    assert [(s.value, s.speakers.value, s.population, s.weighted) for s in region.values] == [
        ("北", 0.8, 0.5, 0.5),
        ("南", 0.2, 0.5, 0.5),
    ]
    assert region.distance == 0.3
    assert "chose to speak" in answer.caveat


def test_those_of_no_known_region_keep_their_share() -> None:
    answer = found(
        cell("北", favor=40, against=0),
        cell("南", favor=0, against=10),
        cell(None, favor=0, against=0, none=50),
    )
    assert answer.raked is not None
    assert [answer.raked.favor.value, answer.raked.against.value, answer.raked.none.value] == [
        0.25, 0.25, 0.5,
    ]  # fmt: skip
    (region,) = answer.speakers
    assert region.lacking.value == 0.5
    assert region.values[0].speakers.n == 50


def test_values_beyond_the_margins_are_left_out_and_said() -> None:
    answer = found(
        cell("北", favor=30, against=0),
        cell("南", favor=0, against=30),
        cell("海外", favor=40, against=0),
    )
    assert answer.raked is not None
    assert answer.raked.left_out == 40
    assert answer.raked.favor.value == 0.5
    assert (answer.raked.favor.count, answer.raked.favor.n) == (30, 60)
    abroad = answer.speakers[0].values[-1]
    assert (abroad.value, abroad.population, abroad.weighted) == ("海外", None, None)


def test_whoever_was_not_heard_is_named() -> None:
    margins = Margins(source="s", margins={Facet.REGION: {"北": 2, "南": 2, "西": 4}})
    answer = found(
        cell("北", favor=20, against=0), cell("南", favor=0, against=10), margins=margins
    )
    (region,) = answer.speakers
    assert region.unheard == ("西",)
    assert region.unheard_population == 0.5
    assert region.distance == 0.5  # half of the speakers would have to be of the west
    assert answer.raked is not None
    assert answer.raked.favor.value == 0.5


def test_a_margin_that_would_need_too_large_weights_is_missed_and_said() -> None:
    answer = found(cell("北", favor=980, against=0), cell("南", favor=0, against=20))
    assert answer.raked is not None
    assert answer.raked.highest_weight == 5
    assert not answer.raked.met
    assert answer.raked.largest_miss == 0.4
    assert answer.speakers[0].values[1].weighted == 0.1


def test_authors_have_one_vote_however_much_they_write() -> None:
    cells = (
        cell("北", favor=90, against=10, authors=10),
        cell("南", favor=0, against=30, authors=30),
    )
    answer = found(*cells, count=Count.AUTHORS)
    assert answer.raked is not None
    assert answer.raked.favor.value == 0.45
    assert answer.raked.n_effective == 30.0
    assert answer.speakers[0].values[0].speakers.value == 0.25
    assert found(*cells).speakers[0].values[0].speakers.value == round(100 / 130, 4)


@pytest.mark.parametrize(
    ("cells", "margins", "reason"),
    [
        ([cell("北", None, favor=90, against=10)], None, Reason.NO_MARGINS),
        ([cell("北", favor=3, against=0), cell("南", favor=3, against=0)], HALVES, Reason.TOO_FEW),
        ([cell("北", favor=30, against=0)], HALVES, Reason.NOT_TOLD_APART),
        ([cell(None, favor=30, against=0)], HALVES, Reason.NOT_TOLD_APART),
        ([], HALVES, Reason.TOO_FEW),
    ],
)
def test_where_nothing_is_weighted_the_reason_is_said(
    cells: list[Cell], margins: Margins | None, reason: Reason
) -> None:
    answer = found(*cells, margins=margins)
    assert answer.raked is None
    assert answer.reason is reason


def test_a_facet_that_tells_nobody_apart_is_not_raked_by() -> None:
    margins = Margins(
        source="s", margins={Facet.REGION: {"北": 1, "南": 1}, Facet.AGE: {"0-17": 1, "60+": 1}}
    )
    answer = found(
        cell("北", None, favor=80, against=0),
        cell("南", None, favor=0, against=20),
        margins=margins,
    )
    assert answer.raked is not None
    assert answer.raked.facets == (Facet.REGION,)
    assert answer.raked.favor.value == 0.5


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=2, max_size=2))
def test_weighting_to_the_own_make_up_changes_nothing(counts: list[tuple[int, int]]) -> None:
    cells = [cell(v, favor=f + 10, against=a) for v, (f, a) in zip("北南", counts, strict=True)]
    own = {c.values[0]: c.counts.total for c in cells}
    answer = found(*cells, margins=Margins(source="s", margins={Facet.REGION: own}))
    assert answer.raked is not None
    for name in ("favor", "against", "none"):
        raw, raked = getattr(answer.raw, name), getattr(answer.raked, name)
        assert (raked.count, raked.n) == (raw.count, raw.n)
        for figure in ("value", "low", "high"):
            assert getattr(raked, figure) == pytest.approx(getattr(raw, figure), abs=2e-4)
    assert answer.raked.design_effect == 1.0


YAML = "source: 普查\nmargins:\n  region: {北京: 3, 天津: 1}\n  age: {0-17: 1, 60+: 1}\n"


def test_margins_are_read_from_every_format(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(YAML)
    (tmp_path / "m.json").write_text(
        '{"source": "普查", "margins": {"region": {"北京": 75, "天津": 25}}}'
    )
    (tmp_path / "m.csv").write_bytes(
        "\ufefffacet,value,share\nregion,北京,0.6\nregion,天津,0.2\n".encode()
    )
    for name in ("m.yaml", "m.json", "m.csv"):
        margins = load_margins(tmp_path / name)
        assert margins.margins[Facet.REGION] == pytest.approx({"北京": 0.75, "天津": 0.25})
    assert load_margins(tmp_path / "m.yaml").margins[Facet.AGE]["60+"] == 0.5


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("m.yaml", "source: s\nmargins: {region: {a: 0, b: 1}}", "greater than 0"),
        ("m.yaml", "source: s\nmargins: {region: {a: .nan, b: 1}}", "finite"),
        ("m.yaml", "source: s\nmargins: {region: {a: 1.0e-300, b: 1}}", "'a' is less than one"),
        ("m.yaml", "source: s\nmargins: {region: {a: 1}}", "2 to 1,000 values"),
        ("m.yaml", "source: s\nmargins: {age: {young: 1, 60+: 1}}", "no age band 'young'"),
        ("m.yaml", "source: s\nmargins: {policy_id: {a: 1, b: 1}}", "not told apart by policy_id"),
        ("m.yaml", "source: s\nmargins: {shoe: {a: 1, b: 1}}", "margins.shoe"),
        ("m.yaml", "margins: {region: {a: 1, b: 1}}", "source"),
        ("m.yaml", "a: [", "m.yaml"),
        ("m.yaml", "", "m.yaml"),
        ("m.json", "{", "m.json"),
        ("m.csv", "a,b\n", "facet,value,share"),
        ("m.csv", "facet,value,share\nregion,a,1\nregion,a,2\n", "line 3: 'a' comes twice"),
        ("m.csv", "facet,value,share\nregion,a,x\nregion,b,2\n", "valid number"),
        ("m.txt", "", ".yaml, .json and .csv"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_margins_is_said_with_the_file(name: str, text: str, told: str) -> None:
    with pytest.raises(InvalidMargins, match=told) as error:
        parse_margins(text, name)
    assert str(error.value).startswith(name)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidMargins, match="MINYI_MARGINS"):
        load_margins(tmp_path / "none.yaml")
    (tmp_path / "large.yaml").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(InvalidMargins, match="larger than"):
        load_margins(tmp_path / "large.yaml")
    (tmp_path / "gb.yaml").write_bytes("北京".encode("gb18030"))
    with pytest.raises(InvalidMargins, match="UTF-8"):
        load_margins(tmp_path / "gb.yaml")


def test_margins_that_cannot_be_met_leave_the_raw_shares() -> None:
    """All of the north are old and all of the south young, but the shares wanted differ."""
    margins = Margins(
        source="s",
        margins={Facet.REGION: {"北": 1, "南": 1}, Facet.AGE: {"60+": 1, "18-29": 4}},
    )
    answer = found(
        cell("北", "60+", favor=40, against=10),
        cell("南", "18-29", favor=0, against=50),
        margins=margins,
    )
    assert answer.raked is None
    assert answer.reason is Reason.CANNOT_BE_MET
    assert answer.raw.favor == share(40, 100, "opinions")
    assert len(answer.speakers) == 2


def test_weights_that_do_not_settle_are_told_apart_from_a_contradiction() -> None:
    """Nobody of the south is old, so the young of the north would have to weigh nothing."""
    margins = Margins(
        source="s",
        margins={Facet.REGION: {"北": 1, "南": 1}, Facet.AGE: {"60+": 1, "18-29": 1}},
    )
    answer = found(
        cell("北", "60+", favor=40, against=10),
        cell("北", "18-29", favor=10, against=10),
        cell("南", "18-29", favor=0, against=50),
        margins=margins,
    )
    assert answer.raked is None
    assert answer.reason is Reason.NOT_SETTLED
    assert answer.raw.favor == share(50, 120, "opinions")


def test_texts_counted_once_cannot_be_weighted() -> None:
    with pytest.raises(InvalidQuery, match="count=opinions or authors"):
        found(cell("北", favor=30, against=0), count=Count.COLLAPSED)


def outputs(favor: int, against: int) -> dict[int, int]:
    """The most certain bin of either stance."""
    sure = StanceProbabilities(favor=1, against=0, none=0)
    other = StanceProbabilities(favor=0, against=1, none=0)
    return {output(Stance.FAVOR, sure): favor, output(Stance.AGAINST, other): against}


def tagged(value: str, favor: int, against: int) -> Cell:
    counts = Counts(favor=favor, against=against, outputs={"m": outputs(favor, against)})
    return Cell(values=(value,), counts=counts, authors=favor + against)


def adjuster(mistaken: int, labels: dict[str, Labels] | None = None) -> Adjuster:
    """Of a tagger that takes so many of a hundred against for favor, in each of ten policies."""
    stances = {Stance.FAVOR: outputs(100, 0), Stance.AGAINST: outputs(mistaken, 100 - mistaken)}
    silent = StanceProbabilities(favor=0, against=0, none=1)
    stances[Stance.NONE] = {output(Stance.NONE, silent): 100}
    stances = {stance: {b: n for b, n in bins.items() if n} for stance, bins in stances.items()}
    policies = {f"p{n}": HeldOutPolicy(stances=stances) for n in range(10)}
    return Adjuster({"m": HeldOut(model_id="m", policies=policies)}, labels)


def test_raked_shares_are_adjusted_as_well() -> None:
    cells = [tagged("北", 800, 0), tagged("南", 100, 100)]
    answer = compare("p", cells, HALVES, adjuster(30))
    raked = answer.raked
    assert raked is not None
    assert raked.favor.value == 0.75
    assert answer.adjusted is not None
    assert raked.adjusted is not None
    better = raked.adjusted.favor
    size = round(raked.n_effective)
    alone = tagged("", round(0.75 * size), size - round(0.75 * size)).counts
    as_any = adjuster(30).adjust("p", [alone], whole=total(c.counts for c in cells))[0]
    assert as_any is not None
    for figure in ("value", "low", "high"):
        assert getattr(better, figure) == pytest.approx(getattr(as_any.favor, figure), abs=0.005)
    assert (better.value or 1) < (answer.adjusted.favor.value or 0)
    assert (better.count, better.n) == (900, 1000)
    assert better.denominator == raked.favor.denominator
    assert compare("p", cells, HALVES).raked.adjusted is None  # type: ignore[union-attr]


@pytest.mark.parametrize("labelled", [False, True])
def test_raked_and_adjusted_shares_are_the_groups_own_in_other_parts(labelled: bool) -> None:
    cells = [tagged("北", 1200, 400), tagged("南", 180, 220)]
    said = [cell.counts for cell in cells]
    favor, against = outputs(1, 1)
    labels = [Label("m", favor, Stance.FAVOR, 10)] * 130
    labels += [Label("m", against, stance, 10) for stance in (Stance.FAVOR, Stance.AGAINST)] * 35
    of_policy = {"p": Labels(tuple(labels))} if labelled else {}
    known = adjuster(30, of_policy)
    groups = [found.favor.value for found in known.adjust("p", said) if found]
    raked = compare("p", cells, HALVES, known).raked
    assert raked is not None
    assert raked.adjusted is not None
    assert raked.adjusted.favor.value == pytest.approx(np.mean(groups), abs=0.005)


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300)), min_size=1, max_size=6),
    st.integers(10, 500),
)
def test_counts_of_the_effective_size_hold_the_weighted_shares(
    said: list[tuple[int, int]], size: int
) -> None:
    cells = [tagged(str(n), *one) for n, one in enumerate(said)]
    mass = np.arange(1.0, len(cells) + 1)
    weighed = Weighed(cells, mass, size, "")
    counts = weighed.counts()
    assert counts.total == size == sum(counts.outputs["m"].values())
    value = weighed.stance(Stance.FAVOR).value
    assert value is not None
    assert abs(counts.favor - value * size) <= 1.05


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30), st.integers(0, 10_000))
def test_seats_are_given_whole_and_all(parts: list[float], size: int) -> None:
    given_ = apportion(np.array(parts), size)
    assert given_.sum() == size
    exact = np.array(parts) / sum(parts) * size
    assert (np.abs(given_ - exact) < 1 + 1e-6).all()
