"""One module per export format; each streams.

A format is a module with `write(records: Iterable[dict], out) -> int`: it writes stored dicts one by one and gives
their number. `out` is a binary stream; for a text format it may be a text stream too, for a folder format it is the
path of an empty folder, and the module has `is_name(name) -> bool` beside it, which knows the names of its files (with
strokes between folders and at the end of one). A format that hands over what an archive keeps besides records takes a
third argument, its `holdings.Holdings`. A new format is a module, its line in `FORMATS` and a golden test.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from scraper.errors import InputError

Writer = Callable[..., int]


class Format(NamedTuple):
    """suffix: of its files, with the dot.  into: what it can be written to; a `stream` may be stdout.

    table: kind of table that a data package describes, if it is one.  extra: the optional dependency that it needs.
    holdings: whether captures and files go with the records; then it describes itself and is no part of a package.
    """

    module: str
    suffix: str
    mediatype: str
    about: str
    into: str = "stream"
    table: str = ""
    extra: str = ""
    holdings: bool = False


FORMATS = {
    "json": Format("json", ".json", "application/json", "an array of whole records"),
    "jsonl": Format("jsonl", ".jsonl", "application/x-ndjson", "a whole record a line", table="records"),
    "csv": Format("csv", ".csv", "text/csv", "a flat table for spreadsheets", table="texts"),
    "parquet": Format(
        "parquet", ".parquet", "application/vnd.apache.parquet", "a typed table", "file", "lists", extra="parquet"
    ),
    "ris": Format("ris", ".ris", "application/x-research-info-systems", "references"),
    "bibtex": Format("bibtex", ".bib", "application/x-bibtex", "references"),
    "csl": Format("csl", ".csl.json", "application/vnd.citationstyles.csl+json", "references"),
    "dublincore": Format("dublincore", ".xml", "application/xml", "Dublin Core descriptions"),
    "jsonld": Format("jsonld", ".jsonld", "application/ld+json", "schema.org articles"),
    "markdown": Format("markdown", "", "text/markdown", "a folder of pages with front matter", "folder"),
    "warc": Format("warc", ".warc.gz", "application/warc", "captures, for web archives", "file", holdings=True),
    "wacz": Format("wacz", ".wacz", "application/wacz", "captures, for replay tools", "file", holdings=True),
    "bagit": Format("bagit", "", "application/octet-stream", "everything, in a bag", "folder", holdings=True),
}


def format_of(name: str) -> Format:
    """The format of that name. Raises InputError for an unknown one."""
    if name not in FORMATS:
        raise InputError(name, f"known are {', '.join(FORMATS)}", what="unknown export format")
    return FORMATS[name]


def writer(name: str) -> Writer:
    """The `write` function of a format. Raises InputError for an unknown one."""
    write: Writer = _module(name).write
    return write


def file_names(name: str) -> Callable[[str], bool]:
    """Of a folder format: whether its `write` could have given a file this name."""
    is_name: Callable[[str], bool] = _module(name).is_name
    return is_name


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{format_of(name).module}")
