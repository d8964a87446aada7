"""The registry: what loads, and what is said of what does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from minyi.errors import InvalidRegistry
from minyi.policy_files import dump_policies, parse_policies, read_policies
from minyi.registry import IMPORTED, check_policies, import_policies, load_registry
from minyi.vocabulary import Domain

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "policies"

BUS = """
domain: transport
policies:
  - id: bus-service
    title: 公交优先
    description: 优先发展公共交通，增开线路和班次。
    department: 交通运输部
    in_force_from: 2012-12-29
    aliases: [公交优先, 增开公交]
    keywords: [公交, 末班车]
    exclusions: [公交停车场]
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text, encoding=encoding)
    return file


def problems(text: str, name: str = "a.yaml") -> list[str]:
    """Return what is wrong with a registry of one file."""
    try:
        return check_policies(parse_policies(text, name))
    except InvalidRegistry as error:
        return str(error).splitlines()


def test_the_shipped_registry_is_valid_and_covers_every_domain() -> None:
    policies = load_registry(SHIPPED)
    assert len(policies) >= 60
    assert {policy.domain for policy in policies.values()} == set(Domain)
    assert all(policy.aliases for policy in policies.values())
    assert all(id == policy.id for id, policy in policies.items())


def test_a_file_names_the_domain_for_its_policies(tmp_path: Path) -> None:
    write(tmp_path, "transport.yaml", BUS)
    policy = load_registry(tmp_path)["bus-service"]
    assert policy.domain is Domain.TRANSPORT
    assert policy.in_force_from == date(2012, 12, 29)
    assert policy.aliases == ("公交优先", "增开公交")


def test_an_empty_folder_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidRegistry, match=r"holds no \.yaml file; name a folder"):
        load_registry(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("department:", "note: x\n    department:", "a.yaml: bus-service: note: unknown field"),
        ("domain: transport", "domain: traffic", "a.yaml: bus-service: domain: Input should be"),
        ("id: bus-service", "id: Bus Service", "a.yaml: Bus Service: id: "),
        ("增开公交]", "公 ]", "a.yaml: bus-service: aliases: '公' is too short"),
        ("增开公交]", "公交]", "a.yaml: bus-service: keywords: '公交' is an alias already"),
        ("末班车]", "公交]", "a.yaml: bus-service: keywords: '公交' stands twice"),
        ("公交停车场]", "公交优先]", "a.yaml: bus-service: aliases: '公交优先' is an exclusion"),
        ("公交停车场]", "停车场]", "a.yaml: bus-service: exclusions: '停车场' holds no alias"),
        ("末班车]", "996]", 'a.yaml: bus-service: keywords.1: 996 is not text; put it in quotes'),
        ("2012-12-29", "someday", "a.yaml: bus-service: in_force_from: "),
        ("policies:", "policy:", "a.yaml: policy: unknown field; a file holds domain and policies"),
        ("title: 公交", "title: 甲乙\n    title: 公交", "a.yaml: line 4: 'title' stands twice"),
        ("aliases: [", "aliases: [[", "a.yaml: line "),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(old: str, new: str, line: str) -> None:
    assert old in BUS
    found = problems(BUS.replace(old, new))
    assert len(found) == 1, found
    assert found[0].startswith(line), found[0]


def test_all_mistakes_are_named_at_once() -> None:
    text = BUS.replace("title: 公交优先", "titel: 公交").replace(
        "department: 交通运输部", "region: 全国"
    )
    assert len(problems(text)) == 3


def test_an_id_or_alias_of_two_policies_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", BUS)
    write(tmp_path, "b.yaml", BUS)
    with pytest.raises(InvalidRegistry, match=r"b\.yaml: bus-service: id: already used in a\.yaml"):
        load_registry(tmp_path)
    write(tmp_path, "b.yaml", BUS.replace("id: bus-service", "id: bus").replace("公交优先]", "]"))
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(tmp_path)
    assert "b.yaml: bus: aliases: '增开公交' is already an alias of bus-service (a.yaml)" in str(
        caught.value
    )


def test_an_alias_in_traditional_script_is_the_same_alias() -> None:
    text = BUS.replace("增开公交]", "增开公交, 增開公交]")
    assert problems(text) == ["a.yaml: bus-service: aliases: '增開公交' stands twice; remove one"]


CSV = """编号,名称,领域,说明,部门,别名,关键词,生效日期
river-chief,河长制,环保,各级负责人任河长，治理河湖。,水利部,河长制；湖长制,河道;黑臭水体,2016-11-28
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_spreadsheet_is_imported(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "registry"
    write(folder, "transport.yaml", BUS)
    added = import_policies(write(tmp_path, "new.csv", CSV, encoding), folder)
    assert [policy.id for policy in added] == ["river-chief"]
    policy = load_registry(folder)["river-chief"]
    assert policy.domain is Domain.ENVIRONMENT
    assert policy.aliases == ("河长制", "湖长制")
    assert policy.keywords == ("河道", "黑臭水体")
    assert policy.in_force_from == date(2016, 11, 28)


def test_a_spreadsheet_is_read_as_offices_write_it(tmp_path: Path) -> None:
    """A spreadsheet turns 2016-11-28 into 2016/11/28; words that stay joined would link nothing."""
    rows = """编号,名称,领域,说明,部门,别名,关键词,生效日期,失效日期,事件
river-chief,河长制,环保,各级负责人任河长，治理河湖。,水利部,"河长制、湖长制
河湖长制","河道,黑臭水体",2016/11/28,2036年1月1日,2016/12/11 发布 意见印发；2017.6.27 修订 写入水法
"""
    (policy,) = import_policies(write(tmp_path, "new.csv", rows), tmp_path / "r")
    assert policy.aliases == ("河长制", "湖长制", "河湖长制")
    assert policy.keywords == ("河道", "黑臭水体")
    assert (policy.in_force_from, policy.in_force_until) == (date(2016, 11, 28), date(2036, 1, 1))
    assert [(str(e.date), e.kind.value, e.label) for e in policy.events] == [
        ("2016-12-11", "issued", "意见印发"),
        ("2017-06-27", "revised", "写入水法"),
    ]


EVENTS = (
    BUS
    + """    events:
      - 2012-12-29 issued 国务院印发指导意见
      - {date: 2016-07-25, kind: revised, label: 行动计划印发}
"""
)


def test_events_are_read_as_lines_or_mappings(tmp_path: Path) -> None:
    policy = load_registry(write(tmp_path / "r", "a.yaml", EVENTS).parent)["bus-service"]
    assert [(str(e.date), e.kind.value, e.label) for e in policy.timeline()] == [
        ("2012-12-29", "issued", "国务院印发指导意见"),
        ("2012-12-29", "in_force", "施行"),
        ("2016-07-25", "revised", "行动计划印发"),
    ]
    dumped = dump_policies([policy])
    assert [entry.policy for entry in parse_policies(dumped, "a.yaml")] == [policy]
    rows = CSV.replace("生效日期", "生效日期,事件").replace(
        "2016-11-28", "2016-11-28,2016-12-11 issued 意见印发；2017-06-27 revised 写入水污染防治法"
    )
    added = import_policies(write(tmp_path, "new.csv", rows), tmp_path / "r")
    assert [event.label for event in added[0].events] == ["意见印发", "写入水污染防治法"]


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ("[2012-12-29 印发]", "events.0: an event is a date, a kind and a label"),
        ("[2012-13-29 issued 印发]", "events.0.date: "),
        ("[2012-12-29 noticed 印发]", "events.0.kind: "),
        ("[2016-07-25 issued 印发, 2012-12-29 issued 印发]", "2012-12-29 stands behind 2016-07-25"),
        ("[2016-07-25 issued 印发, 2016-07-25 issued 公布]", "2016-07-25 issued stands twice"),
    ],
)
def test_an_event_that_cannot_be_is_named(events: str, complaint: str) -> None:
    (line,) = problems(f"{BUS}    events: {events}\n")
    assert line.startswith("a.yaml: bus-service: ")
    assert complaint in line


def test_imports_add_up(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    import_policies(write(tmp_path, "one.yaml", BUS), folder)
    import_policies(write(tmp_path, "two.csv", CSV), folder)
    assert list(load_registry(folder)) == ["bus-service", "river-chief"]
    assert [file.name for file in folder.iterdir()] == [IMPORTED]


def test_json_is_imported_as_it_was_dumped(tmp_path: Path) -> None:
    policy = load_registry(write(tmp_path / "r", "a.yaml", BUS).parent)["bus-service"]
    file = write(tmp_path, "a.json", f"[{policy.model_dump_json()}]")
    assert [entry.policy for entry in read_policies(file)] == [policy]


def test_an_import_that_clashes_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    write(folder, "transport.yaml", BUS)
    source = write(tmp_path, "more.yaml", BUS + CSV_AS_YAML)
    with pytest.raises(
        InvalidRegistry,
        match=r"more\.yaml: bus-service: id: already used in transport\.yaml; .*change it there",
    ):
        import_policies(source, folder)
    assert [file.name for file in folder.iterdir()] == ["transport.yaml"]


CSV_AS_YAML = """
  - id: river-chief
    title: 河长制
    description: 各级负责人任河长，治理河湖。
    department: 水利部
    aliases: [河长制]
"""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", r"a\.txt: policies are read from \.yaml, \.json and \.csv files"),
        ("a.xlsx", "", r"a\.xlsx: .*save a spreadsheet as CSV"),
        ("a.json", "{", r"a\.json: "),
        ("a.yaml", "[1, 2]", r"a\.yaml: policies: must be a list of mappings"),
        ("a.yaml", "", r"a\.yaml: policies: must be a list of mappings"),
        ("a.csv", "编号,名称\n", r"a\.csv: holds no policy"),
        ("a.csv", "编号\nx,y\n", r"a\.csv: x: more cells than headings: unknown field"),
    ],
)
def test_an_unreadable_import_says_why(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InvalidRegistry, match=message):
        import_policies(write(tmp_path, name, text), tmp_path / "registry")
    assert not (tmp_path / "registry").exists()


def test_a_workbook_is_to_be_saved_as_csv(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04\xff\xff")
    with pytest.raises(InvalidRegistry, match="a spreadsheet as CSV"):
        read_policies(tmp_path / "a.xlsx")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidRegistry, match="cannot be read: No such file"):
        read_policies(tmp_path / "gone.yaml")
