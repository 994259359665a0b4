"""From a capture to a record: every field's rules in order, the first plausible candidate wins, the evidence is kept.

    record = extract(capture)            # or NotAnArticle
    story = explain(capture)             # every rule of every field, winners and losers

Pure: bytes in, data out; no clock, no network, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from scraper.addresses import portal_host
from scraper.checks import assess, doubts, refuse_at_sight
from scraper.decode import doubts_of_text
from scraper.errors import NotAnArticle, RuleCountError
from scraper.fields import attachments, body, byline, counters, dates, identity, images, section, title
from scraper.fields.portal import blocks_within, portal_rules, stated_title
from scraper.lines.dates import DateReading
from scraper.models import Agency, Capture, CaptureInfo, Evidence, Problem, Record
from scraper.page import Page, read_page
from scraper.portals import Portal, built_in, match_portal
from scraper.sharepoint.forms import ItemForm, read_form
from scraper.view import Candidate, Rule, View
from scraper.zones import find_zones

if TYPE_CHECKING:
    from scraper.agency import AgencyReading

# field → its rules, most trustworthy first
FIELDS: dict[str, tuple[Rule, ...]] = {
    "title": title.TITLE,
    "subtitle": title.SUBTITLE,
    "section": section.SECTION,
    "summary": body.SUMMARY,
    "author": byline.AUTHOR,
    "source": byline.SOURCE,
    "published_at": dates.PUBLISHED,
    "updated_at": dates.UPDATED,
    "language": body.LANGUAGE,
    "body_text": body.BODY_TEXT,
    "body_html": body.BODY_HTML,
    "images": images.IMAGES,
    "attachments": attachments.ATTACHMENTS,
    "tags": section.TAGS,
    "views": counters.VIEWS,
    "url": identity.URL,
    "list_path": identity.LIST_PATH,
    "item_id": identity.ITEM_ID,
    "content_type": identity.CONTENT_TYPE,
}
PLAUSIBLE: dict[str, Callable[[object], str]] = {"title": title.plausible_title}
EVIDENCE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rule tried for one field. verdict: `won`, `found nothing`, `lost to …`, or why it was refused."""

    field: str
    rule: str
    candidate: Candidate | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Story:
    """What `explain` tells: all attempts in order, the view they were made on, and the record or the refusal."""

    attempts: tuple[Attempt, ...]
    view: View
    record: Record | None
    refusal: NotAnArticle | None


def extract(capture: Capture, portals: Sequence[Portal] | None = None) -> Record:
    """The record of a capture. Raises NotAnArticle when the page holds no article.

    portals: what is known of portals, those built in unless told.
    """
    page = read_page(capture)
    form = read_form(page)
    refuse_at_sight(page, form)
    return _record(_view(page, form, portals), None)


def explain(capture: Capture, portals: Sequence[Portal] | None = None) -> Story:
    """Every rule tried on a capture; never raises NotAnArticle, which becomes the story's `refusal`."""
    attempts: list[Attempt] = []
    view = view_of(capture, portals)
    try:
        record = _record(view, attempts)
    except NotAnArticle as refusal:
        return Story(tuple(attempts), view, None, refusal)
    return Story(tuple(attempts), view, record, None)


def view_of(capture: Capture, portals: Sequence[Portal] | None = None) -> View:
    """A capture parsed and zoned, ready for rules."""
    page = read_page(capture)
    return _view(page, read_form(page), portals)


def _view(page: Page, form: ItemForm | None, portals: Sequence[Portal] | None) -> View:
    portal, why = _portal(page, built_in() if portals is None else portals)
    aside = set(form.blocks) if form is not None else set()
    stated = form.get("title") if form is not None else None
    known_title = stated.value if stated is not None else None
    dropped: frozenset[int] = frozenset()
    if portal is not None and page.root is not None:
        known_title = known_title or stated_title(page, portal)
        dropped = blocks_within(page, portal.dropped(page.root))
    zones = find_zones(page, form_blocks=frozenset(aside), dropped=dropped, known_title=known_title)
    return View(page, zones, form, portal, why)


def _portal(page: Page, portals: Sequence[Portal]) -> tuple[Portal | None, str]:
    """The portal that the page belongs to and how it was told; (None, "") for an unknown one."""
    if page.root is None:
        return None, ""
    fetched = page.capture.info.fetched_at
    day = date.fromisoformat(fetched[:10]) if fetched else None
    return match_portal(portals, portal_host(page.url) if page.url else "", page.source_text, day) or (None, "")


def _record(view: View, attempts: list[Attempt] | None) -> Record:
    winners: dict[str, Candidate] = {}
    evidence: dict[str, Evidence] = {}
    stated = portal_rules(view.portal)
    missed: list[Problem] = []
    for name, rules in FIELDS.items():
        won = _resolve(view, name, (*stated.get(name, ()), *rules), attempts, missed)
        if won is not None:
            winners[name] = won
            evidence[name] = Evidence(won.rule, _cut(won.raw), won.node)
    if attempts is not None:  # else it has been asked before the rules
        refuse_at_sight(view.page, view.form)
    assess(view, winners)
    agency, agency_problems, agency_evidence = _agency(view, winners)
    evidence.update(agency_evidence)
    if view.portal is not None:
        evidence["portal"] = Evidence(
            "product" if not view.portal.hosts else "portal", view.portal.name, view.portal_why
        )
    values = {name: candidate.value for name, candidate in winners.items()}
    published = values.pop("published_at", None)
    updated = values.pop("updated_at", None)
    return Record(
        **values,
        published_at=published.value if isinstance(published, DateReading) else None,
        published_precision=published.precision if isinstance(published, DateReading) else None,
        updated_at=updated.value if isinstance(updated, DateReading) else None,
        form=view.form.as_dict() if view.form else {},
        agency=agency,
        evidence=evidence,
        problems=(*_problems(view, winners, values.get("body_text") or "", agency_problems), *missed),
        capture=replace(view.page.capture.info, charset=view.page.charset),
    )


def _resolve(
    view: View, name: str, rules: Iterable[Rule], attempts: list[Attempt] | None, missed: list[Problem]
) -> Candidate | None:
    """The field's winner. A portal's rule that met an unexpected number of nodes before it becomes a problem."""
    won: Candidate | None = None
    for rule in rules:
        candidate: Candidate | None = None
        try:
            candidate = rule(view)
            verdict = _verdict(name, candidate, won)
        except RuleCountError as miss:
            verdict = f"refused: {miss.cause}"
            if won is None:
                missed.append(Problem(miss.code, name, f"{rule.__name__}: {miss.cause}"))
        if candidate is not None and verdict == "won":
            won = candidate.won_by(rule.__name__)
        if attempts is not None:
            attempts.append(Attempt(name, rule.__name__, candidate, verdict))
        elif won is not None:
            break
    return won


def _verdict(name: str, candidate: Candidate | None, won: Candidate | None) -> str:
    """What becomes of a candidate for a field that `won` may have taken already."""
    if candidate is None or candidate.value in (None, "", ()):
        return "found nothing"
    if refused := PLAUSIBLE.get(name, _anything)(candidate.value):
        return f"refused: {refused}"
    return "won" if won is None else f"lost to {won.rule}"


def _anything(value: object) -> str:
    return ""


def _cut(raw: str | None) -> str | None:
    return raw if raw is None or len(raw) <= EVIDENCE_LIMIT else raw[: EVIDENCE_LIMIT - 1] + "…"


def _agency(
    view: View, winners: dict[str, Candidate]
) -> tuple[Agency | None, tuple[Problem, ...], dict[str, Evidence]]:
    lines = tuple(line for block in view.zones.of(view.page, "footer") for line in block.lines)
    reading = _read_footer(lines, _page_date(view.page, winners))
    return reading.agency, reading.problems, reading.evidence


@lru_cache(maxsize=256)
def _read_footer(lines: tuple[str, ...], day: date | None) -> AgencyReading:
    """`read_agency`, remembered: the pages of a portal print the same footer."""
    from scraper.agency import read_agency

    return read_agency(lines, page_date=day)


def _page_date(page: Page, winners: dict[str, Candidate]) -> date | None:
    """The day by which footer numbers are judged: the footer is as old as the capture, not as the article."""
    info: CaptureInfo = page.capture.info
    if info.fetched_at and info.source != "file":
        return date.fromisoformat(info.fetched_at[:10])
    published = winners.get("published_at")
    if published is not None and isinstance(published.value, DateReading) and published.value.precision != "month":
        return date.fromisoformat(published.value.value[:10])
    return None


def _problems(
    view: View, winners: dict[str, Candidate], text: str, agency_problems: tuple[Problem, ...]
) -> tuple[Problem, ...]:
    return (*view.page.problems, *doubts(view, winners), *doubts_of_text(text), *agency_problems)
