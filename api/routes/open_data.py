"""Open data: the tables, what explains them, and their catalog. No route takes a filter; all answer
HEAD, by which portals look whether a download is still there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from api.publishing import Edition, Press
from api.schemas import Word
from minyi import __version__
from minyi.errors import InvalidQuery
from minyi.open_data.catalog import MEDIA_TYPE, catalog, file_name, to_json
from minyi.open_data.folder import CATALOG
from minyi.open_data.formats import BOM, MEDIA, Format, chunks
from minyi.open_data.release import Table

router = APIRouter(prefix="/v1", tags=["open data"])

FRESH = "public, max-age=3600"
TABLES = {file_name(table, each): (table, each) for table in Table for each in Format}
EXPLAINED = {
    "datapackage.json": "application/json",
    "datasheet.md": "text/markdown; charset=utf-8",
    "methods.md": "text/markdown; charset=utf-8",
}


def edition(request: Request) -> Edition:
    """Return what is published now."""
    press: Press = request.app.state.press
    return press.edition()


Now = Annotated[Edition, Depends(edition)]


@router.head("/export", include_in_schema=False)
@router.get("/export")
def export(request: Request, now: Now) -> Response:
    """Describe what is published, as a Frictionless data package; its resources' `path` is to be
    read under `/v1/export/`."""
    return explained(request, now, "datapackage.json")


@router.head("/export/{name}", include_in_schema=False)
@router.get("/export/{name}")
def download(
    request: Request,
    now: Now,
    name: str,
    policy: Word = None,
    bom: Annotated[bool, Query(description="The mark by which Excel knows UTF-8.")] = True,
) -> Response:
    """Return a file: `policies`, `months` or `groups` as `.csv`, `.json` or `.parquet`; or
    `datasheet.md`, `methods.md`, `datapackage.json`. Aggregates only: each figure stands on at
    least 10 authors, and what would give a smaller one away is hidden with it. `policy` takes the
    rows of one; nothing else narrows a table, since two answers could be subtracted."""
    if name not in now.files or name == CATALOG:
        there = ", ".join(each for each in now.files if each != CATALOG)
        raise HTTPException(404, f"nothing published is named {name!r}; there are {there}")
    if name in EXPLAINED:
        if policy is not None:
            raise InvalidQuery(f"{name} is of all policies; leave policy out")
        return explained(request, now, name)
    table, wanted = TABLES[name]
    if policy is not None and not any(now.release.cells(Table.POLICIES, policy)):
        raise HTTPException(404, f"nothing is published of a policy {policy!r}")
    headers = _headers(now, name, policy or "", str(bom))
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if _is_known(request, headers):
        return Response(status_code=304, headers=headers)
    media = MEDIA[wanted]
    if policy is not None:
        parts = chunks(now.release, table, wanted, policy, bom)
        return StreamingResponse(parts, media_type=media, headers=headers)
    if wanted is Format.CSV and not bom:
        headers["Content-Length"] = str(now.files[name].size - len(BOM))
        return StreamingResponse(_unmarked(now, name), media_type=media, headers=headers)
    return FileResponse(now.folder / name, media_type=media, headers=headers)


@router.head("/catalog", include_in_schema=False)
@router.get("/catalog")
def dcat(request: Request, now: Now) -> Response:
    """Return the catalog for data portals: DCAT 3 as JSON-LD."""
    url = now.release.publisher.url or str(request.base_url).rstrip("/")
    headers = _headers(now, CATALOG, url)
    if _is_known(request, headers):
        return Response(status_code=304, headers=headers)
    tables = {name: file for name, file in now.files.items() if name in TABLES}
    found = catalog(now.release, tables, f"{url}/v1/catalog", f"{url}/v1/export/", f"{url}/open")
    return Response(to_json(found), media_type=MEDIA_TYPE, headers=headers)


def explained(request: Request, now: Edition, name: str) -> Response:
    """Return a text about the release."""
    headers = _headers(now, name)
    if _is_known(request, headers):
        return Response(status_code=304, headers=headers)
    return FileResponse(now.folder / name, media_type=EXPLAINED[name], headers=headers)


def _unmarked(now: Edition, name: str) -> Iterator[bytes]:
    with (now.folder / name).open("rb") as file:
        file.seek(len(BOM))
        while part := file.read(1 << 16):
            yield part


def _headers(now: Edition, *what: str) -> dict[str, str]:
    parts = "\x1f".join((__version__, now.release.id, *what))
    tag = hashlib.sha256(parts.encode()).hexdigest()[:16]
    return {"ETag": f'"{tag}"', "Cache-Control": FRESH}


def _is_known(request: Request, headers: dict[str, str]) -> bool:
    """Say whether the reader has it already."""
    known = [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    ]
    return headers["ETag"] in known or "*" in known
