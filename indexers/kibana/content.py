"""What the kit shows: the panels, searches and the dashboard, over the two data views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indexers.documents import cell
from indexers.kibana import library
from indexers.kibana.dashboard import Dashboard, FromLibrary, Row, Words
from indexers.kibana.panels import (
    ByTime,
    Chart,
    Count,
    Only,
    Panel,
    Repeats,
    Search,
    Share,
    Telling,
    Top,
    Unique,
)
from indexers.kibana.views import CELL_ZH, DEAD_LETTERS, View, opinions
from minyi.policy import Policy
from minyi.vocabulary import STANCE_ZH, AgeBand, Aspect, Polarity, Stance

COLORS = {Stance.FAVOR: "#2b6cb0", Stance.AGAINST: "#c05621", Stance.NONE: "#a0aec0"}
"""Blue and orange, which colour-blind readers tell apart; grey for no stance."""
UNSURE = Only("sure", (False,))
ANSWERED = Only("answered", (True,))
CRITICISMS = Only("cells", tuple(cell(aspect, Polarity.CRITICISM) for aspect in Aspect))
TOTAL = Count("意见数")
STANCES = tuple(
    Count(STANCE_ZH[stance], Only("stance", (stance.value,)), COLORS[stance]) for stance in Stance
)

READ_ME = "\n".join(
    (
        "### 读图须知",
        "- **一条意见**是一条评论对一项政策的说法；一条评论谈到两项政策，算两条意见。",
        "- **立场**是对政策本身的赞成或反对，不是情绪；**评价**是对执行情况"
        "（成效、公平、便利、负担、透明、服务）的肯定或批评。",
        "- **占比的分母**是当前筛选下的全部意见。发表意见的是**自愿发言的人**，不能代表全体居民。",
        "- 这里是**原始计数**，没有误差范围，重复来信逐条计入。**95% 区间**、去重后的占比和"
        "组间差异，请看民意页面，或接口 `/v1/policies/{政策编号}/trend`。",
        "- 标注由模型完成，会有差错；“未确定”是模型把握不大的意见。",
    )
)


@dataclass(frozen=True)
class Content:
    """Everything that is saved."""

    views: tuple[View, ...]
    panels: tuple[Panel, ...]
    """On the dashboard."""
    apart: tuple[Panel, ...]
    """In the library only: they need a runtime field."""
    tables: tuple[Repeats, ...]
    searches: tuple[Search, ...]
    dashboard: Dashboard


def content(policies: Iterable[Policy]) -> Content:
    """Describe the kit, with the policies' titles."""
    view = opinions(policies)
    numbers = _numbers(view)
    charts = {panel.id: panel for panel in _charts(view)}
    campaigns = Repeats(
        id="minyi-campaigns",
        title="民意：重复来信",
        view=view,
        field="duplicate_key",
        author="voter",
        text="text",
        least=2,
        size=20,
        depth=5000,
        note="去掉空白、标点、大小写和繁简差别后完全相同的文字，至少出现两次。"
        "一个月的意见多于五千条时，每月只来一封的重复可能少计。",
    )
    searches = _searches(view)
    table = FromLibrary("campaigns", "重复来信：相同文字的意见", library.saved_table(campaigns))
    newest = FromLibrary("newest", "最新意见", library.saved_search(searches[0]))
    return Content(
        views=(view, DEAD_LETTERS),
        panels=(*numbers, *charts.values()),
        apart=(_hours(view),),
        tables=(campaigns,),
        searches=searches,
        dashboard=Dashboard(
            id="minyi-overview",
            title="民意总览",
            note="各政策的意见数量、立场、评价、来源和答复；占比的含义见“读图须知”。",
            view=view,
            controls=("policy_id", "region", "stance"),
            since="now-1y",
            rows=(
                Row(9, ((24, Words("read-me", READ_ME)), *((6, panel) for panel in numbers))),
                Row(14, ((24, charts["stance-weekly"]), (24, charts["stance-share-weekly"]))),
                Row(18, ((24, charts["policies"]), (24, charts["policy-table"]))),
                Row(15, ((24, charts["cells"]), (24, charts["regions"]))),
                Row(12, ((24, charts["channels"]), (24, charts["sources"]))),
                Row(12, ((24, charts["ages"]), (24, charts["answered-weekly"]))),
                Row(15, ((24, charts["words"]), (24, charts["telling-words"]))),
                Row(15, ((48, table),)),
                Row(12, ((48, charts["dead-letters"]),)),
                Row(18, ((48, newest),)),
            ),
        ),
    )


def _numbers(view: View) -> tuple[Panel, ...]:
    def number(name: str, title: str, metric: Count | Unique | Share) -> Panel:
        return Panel(name, title, view, Chart.NUMBER, (), (metric,))

    return (
        number("total", "意见", TOTAL),
        number("authors", "作者", Unique("不同作者", "voter")),
        number("policy-number", "政策", Unique("涉及政策", "policy_id")),
        number("unsure", "未确定", Share("未确定比例", UNSURE)),
    )


def _charts(view: View) -> tuple[Panel, ...]:
    week = ByTime("发表时间（周）", "1w")
    return (
        Panel("stance-weekly", "立场随时间：意见数", view, Chart.STACKED, (week,), STANCES),
        Panel(
            "stance-share-weekly",
            "立场随时间：占比（分母为当周全部意见）",
            view,
            Chart.SHARES,
            (week,),
            STANCES,
        ),
        Panel(
            "policies",
            "各政策的立场",
            view,
            Chart.STACKED_ROWS,
            (Top("政策", "policy_id", 15),),
            STANCES,
        ),
        Panel(
            "policy-table",
            "各政策：意见、作者、未确定比例",
            view,
            Chart.TABLE,
            (Top("政策", "policy_id", 100),),
            (TOTAL, Unique("不同作者", "voter"), *STANCES, Share("未确定比例", UNSURE)),
        ),
        Panel(
            "cells",
            "评价：按方面的肯定与批评",
            view,
            Chart.ROWS,
            (Top("评价", "cells", len(CELL_ZH)),),
            (TOTAL,),
            note="一条意见可以评价几个方面，各行相加会多于意见数。",
        ),
        Panel("regions", "地区", view, Chart.STACKED_ROWS, (Top("地区", "region", 15),), STANCES),
        Panel("channels", "渠道", view, Chart.STACKED_ROWS, (Top("渠道", "channel", 10),), STANCES),
        Panel("sources", "来源", view, Chart.STACKED_ROWS, (Top("来源", "source", 10),), STANCES),
        Panel(
            "ages",
            "年龄段（只含来源给出年龄的意见）",
            view,
            Chart.STACKED_ROWS,
            (Top("年龄段", "age", len(AgeBand), by_value=True),),
            STANCES,
        ),
        Panel(
            "answered-weekly",
            "官方答复：当周意见中已答复的占比",
            view,
            Chart.LINES,
            (week,),
            (Share("已答复比例", ANSWERED),),
            note="新近的意见还在等待答复，最后几周自然偏低；答复用时请看民意页面。",
        ),
        Panel("words", "热词：出现最多", view, Chart.ROWS, (Top("词语", "words", 20),), (TOTAL,)),
        Panel(
            "telling-words",
            "特征词：比全部意见中更常见（请先选定政策、地区或立场）",
            view,
            Chart.ROWS,
            (Telling("词语", "words", 20),),
            (TOTAL,),
            note="按 Elasticsearch 的 significant terms 估算，只宜看次序。",
        ),
        Panel(
            "dead-letters",
            "死信：按环节和原因（不受上方筛选影响）",
            DEAD_LETTERS,
            Chart.TABLE,
            (Top("环节", "stage", 10), Top("原因", "reason.keyword", 10)),
            (Count("条数"),),
            aside=True,
        ),
    )


def _hours(view: View) -> Panel:
    return Panel(
        id="minyi-hours",
        title="民意：发言时段（北京时间）",
        view=view,
        chart=Chart.STACKED,
        buckets=(Top("小时", "hour", 24, by_value=True),),
        metrics=STANCES,
        note="按运行时字段“小时”计算，数据量大时较慢。",
    )


def _searches(view: View) -> tuple[Search, ...]:
    columns = ("policy_id", "stance", "text", "region", "source")
    judged = ("policy_id", "cells", "text", "region", "source")
    unsure = ("policy_id", "stance", "probabilities.favor", "probabilities.against", "text")
    return (
        Search("minyi-newest", "民意：最新意见", view, columns),
        Search(
            "minyi-against",
            "民意：反对意见",
            view,
            columns,
            (Only("stance", (Stance.AGAINST.value,)),),
        ),
        Search("minyi-criticism", "民意：批评意见", view, judged, (CRITICISMS,)),
        Search("minyi-unsure", "民意：未确定的意见", view, unsure, (UNSURE,)),
        Search(
            "minyi-dead", "民意：死信", DEAD_LETTERS, ("stage", "reason", "place", "origin", "size")
        ),
    )
