"""Differences in Chinese sentences, by rule. What differs, never why. Pure."""

from __future__ import annotations

from minyi.groups.grouping import By, Measure
from minyi.vocabulary import (
    AGE_ZH,
    ASPECT_ZH,
    POLARITY_ZH,
    STANCE_ZH,
    AgeBand,
    Stance,
)

Figures = tuple[float, float, float]
"""Value, low, high."""

BY_ZH = {
    By.REGION: "地区",
    By.CHANNEL: "渠道",
    By.SOURCE: "来源",
    By.AGE: "年龄段",
    By.MONTH: "月份",
}


def finding_sentence(
    by: By, label: str, measure: Measure, share: Figures, difference: float, excess: Figures
) -> str:
    """Return for instance
    在河北，反对占 41%（32%–50%），比其他地区高 18 个百分点，约多 120 条（66–174 条）。

    Args:
        by: what the group is one of.
        label: the group.
        measure: the share that differs.
        share: of the group, with its interval.
        difference: to the others, 1 for a hundred percentage points.
        excess: opinions above what the others' share would lead one to expect; negative below.
    """
    value, low, high = (percent(part) for part in share)
    more = difference > 0
    least, most = sorted(abs(part) for part in excess[1:])
    return (
        f"{place(by, label)}，{measure_zh(measure)}占 {value}（{low}–{high}），"
        f"比其他{BY_ZH[by]}{'高' if more else '低'} {points(difference)} 个百分点，"
        f"约{'多' if more else '少'} {abs(excess[0]):,.0f} 条（{least:,.0f}–{most:,.0f} 条）。"
    )


def reversal_sentence(
    by: By,
    label: str,
    within: By,
    measure: Measure,
    overall: float,
    inside: Figures | None,
    agreeing: int | None,
    strata: int | None,
) -> str:
    """Return for instance
    总的看，河北的反对比其他地区低 6 个百分点；但按渠道分开看，4 个中有 4 个反而更高，合计高 5 个
    百分点（3–7）。总体的方向来自各渠道意见数的不同，请看分开的数字。
    Without strata that are shown, neither they nor their figures are spoken of.

    Args:
        by: what the group is one of.
        label: the group.
        within: the facet of the strata.
        measure: the share that differs.
        overall: the difference to the others, all together.
        inside: the difference within the strata, with its interval; None where it is not told.
        agreeing: strata that point that way; None where that is not told.
        strata: those that are shown; likewise.
    """
    who, others = place(by, label), f"其他{BY_ZH[by]}"
    if by is By.MONTH:  # two periods
        who, others = f"{who}起", "此前"
    several = "" if strata is None else f"{strata} 个中有 {agreeing} 个"
    end = "。" if strata is None else "，请看分开的数字。"
    turned = "低" if overall > 0 else "高"
    sums = ""
    if inside is not None:
        low, high = sorted(abs(part) for part in inside[1:])
        sums = f"，合计{turned} {points(inside[0])} 个百分点（{points(low)}–{points(high)}）"
    return (
        f"总的看，{who}，{measure_zh(measure)}的比例比{others}"
        f"{'高' if overall > 0 else '低'} {points(overall)} 个百分点；"
        f"但按{BY_ZH[within]}分开看，{several}反而更{turned}{sums}。"
        f"总体的方向来自各{BY_ZH[within]}意见数的不同{end}"
    )


def place(by: By, label: str) -> str:
    """Return where the group is: 在河北, 60 岁及以上的人中."""
    name = label_zh(by, label)
    if by is By.REGION:
        return f"在{name}"
    if by is By.AGE:
        return f"{name}的人中"
    return name if by is By.MONTH else f"在{BY_ZH[by]}“{name}”的意见中"


def label_zh(by: By, value: str | None) -> str:
    """Return a group's name: 未注明 where there is none, 2026 年 3 月, 60 岁及以上."""
    if value is None:
        return "未注明"
    if by is By.MONTH:
        return f"{value[:4]} 年 {int(value[5:7])} 月"
    return AGE_ZH[AgeBand(value)] if by is By.AGE else value


def measure_zh(measure: Measure) -> str:
    """Return 反对, or 对便利的批评."""
    if isinstance(measure, Stance):
        return STANCE_ZH[measure]
    return f"对{ASPECT_ZH[measure[0]]}的{POLARITY_ZH[measure[1]]}"


def percent(share: float) -> str:
    """Return 41%, and 0.4% below one."""
    scaled = share * 100
    return f"{scaled:.1f}%" if 0 < scaled < 0.95 else f"{_whole(scaled)}%"


def points(difference: float) -> str:
    """Return the size of a difference in percentage points."""
    size = abs(difference) * 100
    return f"{size:.1f}" if size < 1.95 else str(_whole(size))


def _whole(figure: float) -> int:
    """Round halves up, as the page does."""
    return int(round(figure, 4) + 0.5)
