"""What a release is, for programs: a Frictionless data package and a DCAT 3 catalog. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minyi.open_data.datasheet import CAVEAT, CAVEAT_ZH
from minyi.open_data.formats import MEDIA, Format
from minyi.open_data.release import Release, Table
from minyi.open_data.tables import FIELDS, KEYS, TITLES, Field

NAME = "minyi-open-data"
TITLE = (
    "民意开放数据：公众留言对政策的态度与评价",
    "Minyi open data: what public comments say of policies",
)
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA_TYPE = "application/ld+json"
_IANA = "https://www.iana.org/assignments/media-types/"
_LANGUAGE = "http://publications.europa.eu/resource/authority/language/"
_ROWS = {"json": {"property": "rows", "keyed": True}}
"""Where the rows stand in a JSON file."""
_MONTHLY = "http://publications.europa.eu/resource/authority/frequency/MONTHLY"


@dataclass(frozen=True)
class File:
    """A file of a release as it was written."""

    name: str
    size: int
    """In bytes."""
    sha256: str


def file_name(table: Table, wanted: Format) -> str:
    """Return the name of a table's file."""
    return f"{table}.{wanted}"


def schema(table: Table) -> dict[str, Any]:
    """Return a table's schema as Frictionless writes it."""
    return {
        "fields": [_field(field) for field in FIELDS[table]],
        "missingValues": [""],
        "primaryKey": list(KEYS[table]),
    }


def data_package(release: Release, files: Mapping[str, File]) -> dict[str, Any]:
    """Return the release as a Frictionless data package (specs.frictionlessdata.io, v1)."""
    publisher = release.publisher
    package: dict[str, Any] = {
        "profile": "data-package",
        "name": NAME,
        "title": TITLE[0],
        "description": f"{CAVEAT_ZH}\n{CAVEAT}",
        "version": release.id,
        "created": f"{release.until}T00:00:00+08:00",
        "keywords": ["民意", "政策", "public opinion", "policy"],
        "resources": [
            {
                "name": f"{table}-{wanted}",
                "path": file_name(table, wanted),
                "title": TITLES[table][0],
                "description": TITLES[table][1],
                "format": wanted.value,
                "mediatype": MEDIA[wanted],
                **({"encoding": "utf-8"} if wanted is not Format.PARQUET else {}),
                "bytes": files[file_name(table, wanted)].size,
                "hash": f"sha256:{files[file_name(table, wanted)].sha256}",
                **({"dialect": _ROWS} if wanted is Format.JSON else {}),
                "schema": schema(table),
            }
            for table, wanted in _written(files)
        ],
    }
    if publisher.licence:
        key = "path" if _is_address(publisher.licence) else "title"
        package["licenses"] = [{key: publisher.licence}]
    if publisher.name:
        package["contributors"] = [{"title": publisher.name, "role": "publisher"}]
    if publisher.url:
        package["homepage"] = f"{publisher.url}/open"
    return package


def catalog(
    release: Release, files: Mapping[str, File], here: str, folder: str, page: str
) -> dict[str, Any]:
    """Return the release as a DCAT 3 catalog in JSON-LD (W3C Recommendation 2024).

    Args:
        release: what is published.
        files: what was written, by name.
        here: the address of the catalog itself; it and the others may be relative.
        folder: the address that the files' names are put behind.
        page: the address of the page for people.
    """
    publisher = release.publisher
    common: dict[str, Any] = {
        "dct:publisher": _agent(publisher.name),
        "dct:language": [{"@id": f"{_LANGUAGE}{code}"} for code in ("ZHO", "ENG")],
        "dct:modified": _day(str(release.until)),
    }
    if publisher.licence:
        common["dct:license"] = (
            {"@id": publisher.licence}
            if _is_address(publisher.licence)
            else {"@type": "dct:LicenseDocument", "dct:title": publisher.licence}
        )
    if publisher.contact:
        common["dcat:contactPoint"] = _contact(publisher.contact, publisher.name)
    return {
        "@context": CONTEXT,
        "@id": here,
        "@type": "dcat:Catalog",
        "dct:title": _texts(*TITLE),
        "dct:description": _texts(CAVEAT_ZH, CAVEAT),
        "foaf:homepage": {"@id": page},
        **common,
        "dcat:dataset": [_dataset(release, table, files, common, folder, page) for table in Table],
    }


def to_json(document: Mapping[str, Any]) -> bytes:
    """Return a document as readable UTF-8."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _dataset(
    release: Release,
    table: Table,
    files: Mapping[str, File],
    common: Mapping[str, Any],
    folder: str,
    page: str,
) -> dict[str, Any]:
    period = {}
    if release.months:
        first, _ = release.months
        period["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _day(f"{first}-01"),
            "dcat:endDate": _day(str(release.until)),
        }
    return {
        "@id": f"{folder}{table}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{NAME}/{table}",
        "dct:title": _texts(*TITLES[table]),
        "dct:description": _texts(
            f"{CAVEAT_ZH}每格至少 {release.publisher.k} 位作者，附 95% 区间与分母。",
            f"{CAVEAT} At least {release.publisher.k} authors a figure, with interval and n.",
        ),
        "dcat:keyword": [
            *_texts("民意", "public opinion"),
            *_texts("政策", "policy"),
        ],
        "dcat:version": release.id,
        "dct:accrualPeriodicity": {"@id": _MONTHLY},
        **period,
        "dcat:landingPage": {"@id": page},
        "foaf:page": [{"@id": f"{folder}datasheet.md"}, {"@id": f"{folder}methods.md"}],
        "dct:conformsTo": {"@id": f"{folder}datapackage.json"},
        **common,
        "dcat:distribution": [
            _distribution(files[file_name(table, wanted)], wanted, common, folder, page)
            for found, wanted in _written(files)
            if found is table
        ],
    }


def _distribution(
    file: File, wanted: Format, common: Mapping[str, Any], folder: str, page: str
) -> dict[str, Any]:
    licence = {"dct:license": common["dct:license"]} if "dct:license" in common else {}
    return {
        "@id": f"{folder}{file.name}",
        "@type": "dcat:Distribution",
        "dct:title": file.name,
        "dcat:accessURL": {"@id": page},
        "dcat:downloadURL": {"@id": f"{folder}{file.name}"},
        "dcat:mediaType": {"@id": f"{_IANA}{MEDIA[wanted]}"},
        "dcat:byteSize": {"@value": str(file.size), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
        **licence,
    }


def _written(files: Mapping[str, File]) -> Iterable[tuple[Table, Format]]:
    return [(t, f) for t in Table for f in Format if file_name(t, f) in files]


def _field(field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": field.required}
    if field.enum:
        constraints["enum"] = list(field.enum)
    return {
        "name": field.name,
        "type": field.type,
        "title": field.title,
        "description": field.description,
        "constraints": constraints,
    }


def _texts(chinese: str, english: str) -> list[dict[str, str]]:
    return [
        {"@value": chinese, "@language": "zh"},
        {"@value": english, "@language": "en"},
    ]


def _day(day: str) -> dict[str, str]:
    return {"@value": day, "@type": "xsd:date"}


def _agent(name: str) -> dict[str, Any]:
    names: Any = name or _texts("未署名的发布者", "publisher not named")
    return {"@type": "foaf:Organization", "foaf:name": names}


def _contact(contact: str, name: str) -> dict[str, Any]:
    if _is_address(contact):
        reached = {"vcard:hasURL": {"@id": contact}}
    elif "@" in contact and " " not in contact:
        reached = {"vcard:hasEmail": {"@id": f"mailto:{contact}"}}
    else:
        reached = {"vcard:note": contact}  # type: ignore[dict-item]
    return {"@type": "vcard:Organization", "vcard:fn": name or contact, **reached}


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))
