"""Which records: the filter options that `list`, `stats`, `export` and `reextract` share, as a bundle."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AgencyText, Portal, Since, Until

if TYPE_CHECKING:
    from storage.archive import Archive

Record = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """One field per option; None where it was not given. All that are given must hold."""

    id: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only this article; the first letters are enough (repeatable)."),
    ] = None
    portal: Portal = None
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Only titles that contain TEXT.")] = None
    section: Annotated[
        str | None, typer.Option("--section", metavar="TEXT", help="Only sections that contain TEXT.")
    ] = None
    author: Annotated[str | None, typer.Option("--author", metavar="TEXT", help="Only authors that contain TEXT.")] = (
        None
    )
    agency: AgencyText = None
    since: Since = None
    until: Until = None
    language: Annotated[
        str | None, typer.Option("--language", metavar="TAG", help="Only articles in this language (vi, en, …).")
    ] = None
    problem: Annotated[
        str | None, typer.Option("--problem", metavar="CODE", help="Only articles with this problem (clock_only, …).")
    ] = None
    gone: Annotated[
        bool | None, typer.Option("--gone/--not-gone", help="Only articles no longer published, or only the others.")
    ] = None

    def find(self, kept: Archive) -> Iterator[Record]:
        """The archive's records for which all options hold. Raises InputError for a date or portal that is none."""
        return kept.find(
            portal=self.portal,
            title=self.title,
            section=self.section,
            author=self.author,
            agency=self.agency,
            published_from=self.since,
            published_to=self.until,
            where=self._holds if self.given().keys() - _OF_THE_ARCHIVE else None,
        )

    def given(self) -> dict[str, Any]:
        """The options that were given, by name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value not in (None, [])}

    def _holds(self, record: typing.Mapping[str, Any]) -> bool:
        language, tag = str(record.get("language")).lower(), (self.language or "").lower()
        codes = [one.get("code") for one in record.get("problems") or () if isinstance(one, dict)]
        return (
            (not self.id or str(record.get("id")).startswith(tuple(one.lower() for one in self.id)))
            and (self.language is None or language == tag or language.startswith(f"{tag}-"))  # RFC 4647, 3.3.1
            and (self.problem is None or self.problem in codes)
            and (self.gone is None or self.gone == bool(record.get("gone_at")))
        )


_OF_THE_ARCHIVE = frozenset("portal title section author agency since until".split())
"""Options that the archive's own search answers."""
