"""One state of an index is gone through page by page, and given back in the end."""

from __future__ import annotations

from typing import Any, cast

import pytest
from elasticsearch import Elasticsearch

from indexers.scanning import ids
from indexers.snapshot import snapshot
from minyi.errors import IndexUnavailable, SettingError


class Server:
    """Keeps documents by number, and what is held open of them."""

    def __init__(self, documents: int) -> None:
        self.documents = [{"_id": f"{n:03}", "sort": [n]} for n in range(documents)]
        self.asked: list[dict[str, Any]] = []
        self.opened: list[dict[str, Any]] = []
        self.closed: list[str] = []

    def open_point_in_time(self, **wanted: Any) -> dict[str, str]:
        self.opened.append(wanted)
        return {"id": "0"}

    def search(self, size: int, search_after: list[int] | None, **wanted: Any) -> dict[str, Any]:
        self.asked.append(wanted)
        first = 0 if search_after is None else search_after[0] + 1
        hits = self.documents[first : first + size]
        found = {"hits": {"hits": hits}} if hits else {}  # as a filter of the path leaves it
        return {"pit_id": f"{len(self.asked)}", **found}

    def close_point_in_time(self, id: str) -> None:
        self.closed.append(id)

    @property
    def client(self) -> Elasticsearch:
        return cast(Elasticsearch, self)


@pytest.mark.parametrize(
    ("documents", "pages"), [(0, []), (2, [2]), (3, [3]), (7, [3, 3, 1]), (9, [3, 3, 3])]
)
def test_all_come_once_in_full_pages_of_one_state(documents: int, pages: list[int]) -> None:
    server = Server(documents)
    with snapshot(server.client, "opinions", keep_alive="9m", preference="_shards:1") as state:
        found = list(state.pages(3, query={"match_all": {}}))
    assert [len(page) for page in found] == pages
    assert [hit for page in found for hit in page] == server.documents
    assert (server.opened[0]["index"], server.opened[0]["preference"]) == ("opinions", "_shards:1")
    assert [one["pit"]["id"] for one in server.asked] == [f"{n}" for n in range(len(server.asked))]
    assert {one["pit"]["keep_alive"] for one in server.asked} == {"9m"}
    assert not any(one["allow_partial_search_results"] for one in (*server.asked, *server.opened))
    assert server.closed == [f"{len(server.asked)}"]


def test_what_is_left_early_is_given_back_too() -> None:
    server = Server(5)
    read = ids(server.client, "opinions")
    assert next(read) == "000"
    read.close()  # type: ignore[attr-defined]
    assert len(server.closed) == 1


def test_a_server_that_is_away_is_not_waited_for_again() -> None:
    for error, closed in ((IndexUnavailable("away"), 0), (SettingError("does not fit"), 1)):
        server = Server(5)
        with pytest.raises(type(error)), snapshot(server.client, "opinions"):
            raise error
        assert len(server.closed) == closed
