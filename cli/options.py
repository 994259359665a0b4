"""Options that several commands share, each defined once."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

ArchiveDir = Annotated[
    Path,
    typer.Option("--archive", "-a", envvar="LUUTRU_ARCHIVE", help="Folder of the archive.", show_envvar=True),
]
DEFAULT_ARCHIVE = Path("archive")
RecordId = Annotated[
    str, typer.Argument(metavar="ID", help="Id, its first letters, or an address of the article.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (NO_COLOR=1 does the same).")]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Address that a saved page was published at.", show_default=False),
]
Lists = Annotated[
    list[Path] | None,
    typer.Option("--from", "-f", metavar="FILE", help="Read addresses from FILE, one a line (# starts a comment)."),
]
Contact = Annotated[
    str | None,
    typer.Option(
        "--contact",
        envvar="LUUTRU_CONTACT",
        metavar="MAIL|URL",
        help="Who to write to: sent to servers in the User-Agent.",
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Longest time for one transfer.")]
MaxBytes = Annotated[
    int, typer.Option("--max-bytes", metavar="N", min=1, help="Largest page, in bytes after decompression.")
]
Retries = Annotated[
    int, typer.Option("--retries", metavar="N", min=0, help="How often a passing fault is tried again.")
]
AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Follow redirects from public hosts to private and loopback addresses.")
]
Captures = Annotated[
    bool, typer.Option("--captures/--no-captures", help="Keep what was received, in WARC files in the archive.")
]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="LUUTRU_CONFIG",
        metavar="FILE",
        help="Settings file with portals (TOML).",
        show_default=False,
    ),
]
PortalFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--portals", envvar="LUUTRU_PORTALS", metavar="DIR", help="Folder with portal files of your own (repeatable)."
    ),
]

Portal = Annotated[str | None, typer.Option("--portal", metavar="HOST", help="Only this portal.")]
AgencyText = Annotated[
    str | None, typer.Option("--agency", metavar="TEXT", help="Only agencies with TEXT in any of their details.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Published on DATE or later (2018, 2018-12, 2018-12-03).")
]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Published on DATE or earlier.")]


@dataclass(frozen=True)
class Fetching:
    """How pages are fetched: a bundle of options (`cli.bundles`)."""

    contact: Contact = None
    timeout: Timeout = 120.0
    max_bytes: MaxBytes = 50_000_000
    retries: Retries = 3
    allow_private: AllowPrivate = False

    def limits(self) -> dict[str, Any]:
        """As options of FetchOptions, the contact aside."""
        limits = {"max_bytes": self.max_bytes, "retries": self.retries, "allow_private": self.allow_private}
        return {"total_timeout": self.timeout, **limits}


@dataclass(frozen=True)
class Running:
    """What runs over portals share: a bundle of options. Times in seconds."""

    delay: Annotated[
        float | None,
        typer.Option("--delay", metavar="SECONDS", min=0, help="Pause between requests to one host (else 2 s)."),
    ] = None
    run_time: Annotated[
        float | None, typer.Option("--run-time", metavar="SECONDS", min=1, help="Longest time for the whole run.")
    ] = None
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write what became of the run to FILE (JSON).")
    ] = None
    log: Annotated[
        Path | None, typer.Option("--log", metavar="FILE", help="Append each request to FILE (JSON lines).")
    ] = None

    def until(self) -> float | None:
        """`time.monotonic()` at which the run, if it begins now, has to end."""
        return None if self.run_time is None else time.monotonic() + self.run_time


def with_color(no_color: bool) -> bool:
    """Whether colours are wanted (https://no-color.org)."""
    return not no_color and not os.environ.get("NO_COLOR")
