"""How an extracted page is compared with its gold: one function per question, each giving (points, asked)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

Points = tuple[float, float]
_INVISIBLE = re.compile("[\u200b\u200c\u200d\ufeff\u00ad]")
SHINGLE = 4


def plain(text: str | None) -> str:
    """NFC, no zero-width characters, white space collapsed."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text or "")).split())


def same_text(found: str | None, gold: str | None) -> Points:
    """1 for equal after `plain`; null equals null."""
    return float((plain(found) or None) == (plain(gold) or None)), 1.0


def same_instant(found: str | None, gold: str | None) -> Points:
    """1 for the same moment, or the same day where both give a day only."""
    if gold is None or found is None:
        return float(found == gold), 1.0
    if (len(found) > 10) != (len(gold) > 10):
        return 0.0, 1.0
    if len(gold) > 10:
        return float(datetime.fromisoformat(found) == datetime.fromisoformat(gold)), 1.0
    return float(date.fromisoformat(found) == date.fromisoformat(gold)), 1.0


def shingles(text: str) -> dict[tuple[str, ...], int]:
    """Runs of four words with their counts; a shorter text is one run."""
    words = re.findall(r"\w+", plain(text).casefold())
    counts: dict[tuple[str, ...], int] = {}
    for start in range(max(1, len(words) - SHINGLE + 1)):
        run = tuple(words[start : start + SHINGLE])
        counts[run] = counts.get(run, 0) + 1
    return counts


def body_f1(found: str, gold: str, optional: Iterable[str] = ()) -> float:
    """F1 of four-word shingles; paragraphs that the gold calls optional are taken out of both sides first."""
    one, other = shingles(without(found, optional)), shingles(without(gold, optional))
    shared = sum(min(count, other.get(run, 0)) for run, count in one.items())
    total = sum(one.values()) + sum(other.values())
    return 2 * shared / total if total else 1.0


def without(text: str, optional: Iterable[str]) -> str:
    """The text without the lines that equal an optional one."""
    drop = {plain(line) for line in optional}
    return "\n".join(line for line in text.split("\n") if plain(line) not in drop)


def leaks(found: str, forbidden: Iterable[str], gold: str) -> list[str]:
    """Chrome blocks that came out as whole lines of the body and do not stand in the gold."""
    lines = {plain(line).casefold() for line in found.split("\n")}
    allowed = {plain(line).casefold() for line in gold.split("\n")}
    return [block for block in forbidden if plain(block).casefold() in lines - allowed]


def picture_name(address: str | None) -> str:
    """What identifies a picture whatever host serves it: the decoded end of its address."""
    if not address:
        return ""
    if address.startswith("data:"):
        return address[:120]
    return unquote(urlsplit(address).path).rstrip("/").split("/")[-1].casefold()


def pictures(found: list[dict[str, Any]], gold: list[dict[str, Any]]) -> tuple[Points, Points]:
    """(pictures found, less those that are too many; captions right on the pictures that were found)."""
    left = list(found)
    hits, captions = 0, 0
    for want in gold:
        match = next((f for f in left if _same_picture(f.get("url"), want.get("src"))), None)
        if match is None:
            continue
        left.remove(match)
        hits += 1
        captions += plain(match.get("caption")).rstrip(".") == plain(want.get("caption")).rstrip(".")
    asked = max(len(gold), len(found))
    return (float(hits), float(asked)), (float(captions), float(len(gold)))


def _same_picture(found: str | None, want: str | None) -> bool:
    one, other = unquote(found or ""), unquote(want or "")
    same_name = picture_name(one) == picture_name(other) != ""
    return one.endswith(other.lstrip("./")) or same_name or one[:120] == other[:120]


def agency_facts(found: dict[str, Any] | None, gold: dict[str, Any]) -> dict[str, Points]:
    """Each fact that the gold of a page states about the agency, under the record's names."""
    agency = found or {}
    points: dict[str, Points] = {}
    for name in ("portal_name", "managing_agency"):
        if name in gold:
            points[f"agency.{name}"] = same_text(agency.get(name), gold[name])
    if "address" in gold:
        found, want = agency.get("address") or "", gold["address"] or ""
        points["agency.address"] = same_text(found.rstrip("."), want.rstrip("."))
    if "responsible" in gold:
        person = agency.get("responsible_person")
        fits = _person_fits(person, gold["responsible"], plain(agency.get("raw_text")))
        points["agency.responsible"] = (float(fits), 1.0)
    for name, part in (("phones", "raw"), ("faxes", "raw"), ("emails", "address")):
        if name in gold:
            values = [digits_or_text(item.get(part)) for item in agency.get(name) or ()]
            points[f"agency.{name}"] = (float(values == [digits_or_text(v) for v in gold[name]]), 1.0)
    if gold.get("license_raw"):
        number = ((agency.get("license") or {}).get("number") or "").replace(" ", "")
        points["agency.license"] = (float(bool(number) and number in gold["license_raw"].replace(" ", "")), 1.0)
    if gold.get("copyright_holder"):
        points["agency.copyright"] = (float(gold["copyright_holder"] in plain(agency.get("copyright_notice"))), 1.0)
    return points


def digits_or_text(value: str | None) -> str:
    """A number by its digits, an address by its letters."""
    text = plain(value).casefold()
    return "".join(c for c in text if c.isdigit()) if "@" not in text else text


def _person_fits(person: dict[str, Any] | None, gold: str | None, footer: str) -> bool:
    """Name and posts as the gold's line has them; a role that is the line's own label may stand before that line."""
    if gold is None or person is None:
        return person is None and gold is None
    line = plain(gold).casefold()
    labelled = [role for role in person.get("roles") or () if f"{plain(role).casefold()}:" in footer.casefold()]
    parts = [person.get("name"), *(person.get("roles") or ()), person.get("organisation")]
    return all(plain(part).casefold() in line for part in parts if part and part not in labelled)
