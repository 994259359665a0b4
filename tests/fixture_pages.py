"""The project's own pages with the records they should give, found by folder; fixtures/README.md explains the files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@dataclass(frozen=True, slots=True)
class Fixture:
    """One saved page.

    path: its folder.  name: `<portal>/<slug>`, fit for a test id.  content: the bytes as a server would send them.
    content_type: the HTTP header.  expected: the record's keys, or `error` and `reason`.
    """

    path: Path
    name: str
    content: bytes
    url: str | None
    content_type: str
    expected: dict[str, Any]

    @property
    def is_refusal(self) -> bool:
        """Whether the page holds no article."""
        return "error" in self.expected

    @property
    def is_text(self) -> bool:
        """Whether the page is a plain text rendering."""
        return self.content_type.startswith("text/plain")


def load_fixtures(root: Path = FIXTURES) -> list[Fixture]:
    """All fixtures below `root`, sorted by name. Raises ValueError when a folder lacks its page or holds two."""
    return [_load(expected.parent, root) for expected in sorted(root.glob("*/*/expected.json"))]


def _load(folder: Path, root: Path) -> Fixture:
    pages = list(folder.glob("page.*"))
    if len(pages) != 1:
        raise ValueError(f"{folder}: one page was expected, not {len(pages)}")
    meta = json.loads((folder / "meta.json").read_bytes())
    return Fixture(
        path=folder,
        name=folder.relative_to(root).as_posix(),
        content=pages[0].read_bytes(),
        url=meta["url"],
        content_type=meta["content_type"],
        expected=json.loads((folder / "expected.json").read_bytes()),
    )
