"""The data views: which index, which field is the time, what each field is called in Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from indexers.documents import EVALUATED
from indexers.kibana.saved import INDEX_PATTERN, Saved, compact
from minyi.domain import LinkBy
from minyi.policy import Policy
from minyi.vocabulary import AGE_ZH, ASPECT_ZH, DOMAIN_ZH, POLARITY_ZH, STANCE_ZH

LINK_BY_ZH = {LinkBy.ALIAS: "别名", LinkBy.KEYWORDS: "关键词", LinkBy.SEMANTIC: "语义"}
CELL_ZH = {
    name: f"{ASPECT_ZH[aspect]}·{POLARITY_ZH[polarity]}"
    for name, (aspect, polarity) in EVALUATED.items()
}
"""What a value of the field ``cells`` means: an aspect and whether it is praised or criticised."""
SURE_ZH = {"true": "确定", "false": "未确定"}
ANSWERED_ZH = {"true": "已答复", "false": "未答复"}
WEEKDAY_ZH = {str(n): f"星期{day}" for n, day in enumerate("一二三四五六日", start=1)}
_SHANGHAI = "doc['created_at'].value.withZoneSameInstant(ZoneId.of('Asia/Shanghai'))"


def plain(names: Mapping[Any, str]) -> dict[str, str]:
    """Return the names of the values of an enumeration by their text."""
    return {str(value): name for value, name in names.items()}


@dataclass(frozen=True)
class Field:
    """One field of the index.

    ``names`` gives the Chinese of its values, where they are codes; ``percent`` shows a number
    between 0 and 1 as a percentage; ``script`` makes it a runtime field (Painless).
    """

    name: str
    type: str
    label: str
    names: Mapping[str, str] = field(default_factory=dict)
    percent: bool = False
    script: str = ""

    @property
    def format(self) -> dict[str, Any] | None:
        if self.names:
            entries = [{"key": key, "value": value} for key, value in self.names.items()]
            return {"id": "static_lookup", "params": {"lookupEntries": entries}}
        return {"id": "percent", "params": {"pattern": "0.0%"}} if self.percent else None


@dataclass(frozen=True)
class View:
    """A data view over one alias."""

    id: str
    alias: str
    name: str
    time_field: str
    fields: tuple[Field, ...]
    hidden: tuple[str, ...] = ()
    """Fields that Discover leaves out of a document."""

    def __getitem__(self, name: str) -> Field:
        """Return the field of a name; KeyError when there is none."""
        for known in self.fields:
            if known.name == name:
                return known
        raise KeyError(name)

    def saved(self) -> Saved:
        runtime = {
            f.name: {"type": f.type, "script": {"source": f.script}}
            for f in self.fields
            if f.script
        }
        labels = {f.name: {"customLabel": f.label} for f in self.fields}
        attributes = {
            "title": self.alias,
            "name": self.name,
            "timeFieldName": self.time_field,
            "fields": "[]",
            "fieldAttrs": compact(labels),
            "fieldFormatMap": compact({f.name: f.format for f in self.fields if f.format}),
            "runtimeFieldMap": compact(runtime),
            "sourceFilters": compact([{"value": name} for name in self.hidden]),
            "typeMeta": "{}",
        }
        return Saved(INDEX_PATTERN, self.id, attributes)


def opinions(policies: Iterable[Policy]) -> View:
    """Return the data view of the opinions; the policies give the titles that are shown."""
    titles = {policy.id: policy.title for policy in policies}
    return View(
        id="minyi-opinions",
        alias="opinions",
        name="民意：意见",
        time_field="created_at",
        fields=(
            Field("created_at", "date", "发表时间"),
            Field("policy_id", "keyword", "政策", names=titles),
            Field("domain", "keyword", "领域", names=plain(DOMAIN_ZH)),
            Field("stance", "keyword", "立场", names=plain(STANCE_ZH)),
            Field("sure", "boolean", "确定程度", names=SURE_ZH),
            Field("cells", "keyword", "评价", names=CELL_ZH),
            Field("evaluations.aspect", "keyword", "评价方面", names=plain(ASPECT_ZH)),
            Field("evaluations.polarity", "keyword", "评价倾向", names=plain(POLARITY_ZH)),
            Field("region", "keyword", "地区"),
            Field("channel", "keyword", "渠道"),
            Field("source", "keyword", "来源"),
            Field("age", "keyword", "年龄段", names=plain(AGE_ZH)),
            Field("answered", "boolean", "是否答复", names=ANSWERED_ZH),
            Field("delay", "integer", "答复用时（整天）"),
            Field("title", "text", "标题"),
            Field("text", "text", "原文"),
            Field("words", "keyword", "词语"),
            Field("likes", "long", "点赞"),
            Field("dislikes", "long", "点踩"),
            Field("author", "keyword", "作者（哈希）"),
            Field("voter", "long", "不同作者（编号；没有作者的意见各算一位）"),
            Field("duplicate_key", "keyword", "重复标识"),
            Field("link.by", "keyword", "关联方式", names=plain(LINK_BY_ZH)),
            Field("link.evidence", "keyword", "关联依据"),
            Field("link.similarity", "double", "相似度"),
            Field("probabilities.favor", "double", "支持概率", percent=True),
            Field("probabilities.against", "double", "反对概率", percent=True),
            Field("probabilities.none", "double", "未表态概率", percent=True),
            Field("reply.text", "text", "官方回复"),
            Field("reply.at", "date", "回复时间"),
            Field("reply.department", "keyword", "回复部门"),
            Field("id", "keyword", "意见编号"),
            Field("comment_id", "keyword", "评论编号"),
            Field("model_id", "keyword", "模型编号"),
            Field(
                "weekday",
                "long",
                "星期（北京时间）",
                names=WEEKDAY_ZH,
                script=f"emit({_SHANGHAI}.getDayOfWeekEnum().getValue())",
            ),
            Field("hour", "long", "小时（北京时间）", script=f"emit({_SHANGHAI}.getHour())"),
        ),
        hidden=(
            *("searchable", "created", "output", "voter", "saying", "split_week"),
            *("span", "link.policy_id"),
        ),
    )


DEAD_LETTERS = View(
    id="minyi-dead-letters",
    alias="dead-letters",
    name="民意：死信",
    time_field="at",
    fields=(
        Field("at", "date", "时间"),
        Field("stage", "keyword", "环节"),
        Field("reason", "text", "原因"),
        Field("reason.keyword", "keyword", "原因（全文）"),
        Field("place", "keyword", "位置"),
        Field("origin", "keyword", "来处"),
        Field("size", "long", "字节数"),
    ),
)
