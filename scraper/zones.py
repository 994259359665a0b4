"""Which part of the page each block belongs to: chrome, header, title, body, tail, related, form, footer.

The mechanism, the same for HTML and for text renderings:
1. Every block gets a weight as prose: length, less its links, less what its element's role says (scraper.roles).
2. The core is the smallest element that holds most of that prose (in a text rendering: the densest run of lines).
3. The headline is found near the core's first line; the article is the smallest element around both.
4. Labels end it: lists of other articles, the list form, counters, the agency's footer.
Blocks are marked, never cut: every rule still sees the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from scraper.headline import LETTERHEAD, SIGNED, Scored, find_headline, is_meta_line, is_named_byline
from scraper.labels import labels, undouble
from scraper.page import Block, Frame, Page
from scraper.roles import WEIGHT, Roles

# An element that holds this share of its parent's prose is entered in the search for the core.
ENTER_SHARE = 0.55
# Shortest line that counts as prose: with end punctuation, and without.
PROSE_SENTENCE, PROSE_PLAIN = 25, 60
# Lines above the headline that may still tell date, section and byline.
HEADER_REACH = 6
# Largest gap, in lines of a text rendering, inside one run of prose.
TEXT_GAP = 3
# Longest line that may be an agency block printed as one line.
FOOTER_LINE = 2000
# Least sum of signs for a headline that no prose confirms.
BARE_HEADLINE = 2.0


POSTED = re.compile(
    r"(?:Posted\b.{0,40}?\bby|by|bởi|par|von)\s+(?P<name>[^|\d]{2,60}?)(?=\s*\||\s+(?:at|on|lúc|à|le|um)\s|$)",
    re.IGNORECASE,
)
SIGNATURE_MARK = re.compile(r"\(?\s*đã ký\s*\)?", re.IGNORECASE)
FILE_LINK = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|txt|csv|zip|rar|7z|xml|mp3|mp4|wmv|avi|dwg)(?:$|[?#'\"])",
    re.IGNORECASE,
)


@dataclass(eq=False, slots=True)
class Zones:
    """marks: zone of each block.  heads: first words of each block, in the comparing form.

    core: first and last prose block of the article.  title: index of the headline.  article: the element that holds
    the article, core_frame the one that holds its prose (None in a text rendering).  candidates: scored headlines, best first.
    """

    marks: list[str]
    heads: list[str]
    roles: Roles
    weights: list[float]
    core: tuple[int, int] | None = None
    title: int | None = None
    article: Frame | None = None
    core_frame: Frame | None = None
    candidates: list[Scored] = field(default_factory=list)

    def of(self, page: Page, *marks: str) -> list[Block]:
        """The blocks of these zones, in reading order."""
        return [block for block, mark in zip(page.blocks, self.marks, strict=True) if mark in marks]


def find_zones(
    page: Page,
    *,
    form_blocks: frozenset[int] = frozenset(),
    dropped: frozenset[int] = frozenset(),
    known_title: str | None = None,
) -> Zones:
    """Mark every block of a page.

    form_blocks: indices that belong to a list form.  dropped: indices that are chrome for certain.  known_title: as form
    or portal state it.
    """
    roles = Roles(page.blocks)
    heads = [block.head for block in page.blocks]
    marks = ["other"] * len(page.blocks)
    zones = Zones(marks, heads, roles, [])
    for index in dropped:
        marks[index] = "chrome"
    for index in form_blocks:
        marks[index] = "form"
    _mark_form_lines(page.blocks, marks)
    _mark_chrome_lines(page.blocks, heads, marks)
    zones.weights = [_weight(block, heads[i], marks[i], roles) for i, block in enumerate(page.blocks)]
    if not any(zones.weights):  # names that mislead: judge by the words alone
        zones.roles = roles = Roles(())
        zones.weights = [_weight(block, heads[i], marks[i], None) for i, block in enumerate(page.blocks)]
    zones.core_frame = _find_core(page.blocks, zones)
    _mark_footer(page, zones, zones.core_frame)
    if zones.core is None and page.root is not None:
        _find_bare_headline(page, zones, known_title)
    elif zones.core is not None:
        _find_article(page, zones, zones.core_frame, known_title)
    return zones


def footer_labels(block: Block, head: str) -> int:
    """How many labels of an agency block a line prints: at its start, or before a colon anywhere in it."""
    words = labels().footer_starts
    if len(block.text) > FOOTER_LINE:
        return 0
    at_start = head.startswith(words)
    if block.text.count(":") < 2:
        return int(at_start)
    before_colons = block.text.casefold().replace("ð", "đ").split(":")[:-1]
    return max(int(at_start), sum(part.rstrip().endswith(words) for part in before_colons))


def _weight(block: Block, head: str, mark: str, roles: Roles | None) -> float:
    length = len(block.text)
    if mark != "other" or block.links > 0.5 or length < PROSE_SENTENCE:
        return 0.0
    if (length < PROSE_PLAIN or block.heading) and block.text[-1] not in ".!?…:;”\"'":
        return 0.0
    if (found := footer_labels(block, head)) and (length < 200 or found > 1):
        return 0.0
    return length * (1 - block.links) * (WEIGHT[roles[block.frame]] if block.frame and roles else 1.0)


def _find_core(blocks: Sequence[Block], zones: Zones) -> Frame | None:
    """The smallest element that holds most of the prose; sets zones.core to its first and last prose block."""
    prose = [index for index, weight in enumerate(zones.weights) if weight > 0]
    if not prose:
        return None
    if blocks[prose[0]].frame is None:
        zones.core = _densest_run(prose, zones.weights)
        return None
    totals: dict[Frame, float] = {}
    children: dict[Frame, list[Frame]] = {}
    top: Frame | None = None
    for index in prose:
        child: Frame | None = None
        frame = blocks[index].frame
        while frame is not None:
            known = frame in totals
            totals[frame] = totals.get(frame, 0.0) + zones.weights[index]
            if child is not None:
                children.setdefault(frame, []).append(child)
            child = None if known else frame
            top, frame = frame, (frame.up.block if frame.up is not None else None)
    core = top
    while core in children:
        best = max(children[core], key=totals.__getitem__)
        if totals[best] < ENTER_SHARE * totals[core]:
            break
        core = best
    assert core is not None  # noqa: S101 - there is prose
    inside = [index for index in prose if _inside(blocks[index], core)]
    zones.core = (inside[0], inside[-1])
    return core


def _densest_run(prose: Sequence[int], weights: Sequence[float]) -> tuple[int, int]:
    best = run = (prose[0], prose[0])
    best_weight = weight = 0.0
    for index in prose:
        if index - run[1] > TEXT_GAP:
            run, weight = (index, index), 0.0
        run = (run[0], index)
        weight += weights[index]
        if weight > best_weight:
            best, best_weight = run, weight
    return best


def _mark_form_lines(blocks: Sequence[Block], marks: list[str]) -> None:
    """Mark runs of list-form labels: from two known labels in a row to the last label or trailer near them."""
    found = [block.label is not None for block in blocks]
    index = 0
    while index + 1 < len(blocks):
        if not (found[index] and found[index + 1]):
            index += 1
            continue
        last = index + 1
        probe = last + 1
        while probe < len(blocks) and probe - last <= 2:
            if found[probe]:
                last = probe
            probe += 1
        if sum(found[index : last + 1]) >= 3:
            for position in range(index, last + 1):
                marks[position] = "form"
        index = last + 1


def _mark_chrome_lines(blocks: Sequence[Block], heads: Sequence[str], marks: list[str]) -> None:
    words = labels()
    for index, block in enumerate(blocks):
        if marks[index] != "other" or len(block.text) > 160:
            continue
        line = heads[index]
        if line in words.chrome or undouble(line) in words.chrome:
            marks[index] = "chrome"
        elif line in words.tools or line.startswith(words.notice_starts) or _only_tools(line):
            marks[index] = "tools"
        elif line.startswith(words.counter_starts):
            marks[index] = "chrome"


def _only_tools(line: str) -> bool:
    """Whether a short line is made of nothing but names of tools, however they run together."""
    if len(line) > 60 or not line.startswith(_tool_names()):
        return False
    rest = line
    for name in _tool_names():
        if name in rest:
            rest = rest.replace(name, " ")
    return rest != line and not rest.strip(" |+-/·•a")


@lru_cache(maxsize=1)
def _tool_names() -> tuple[str, ...]:
    return tuple(sorted((name for name in labels().tools if len(name) > 1), key=len, reverse=True)) + ("a+", "a-")


def _mark_footer(page: Page, zones: Zones, core: Frame | None) -> None:
    """Mark the agency's block: elements named footer, and the last cluster of agency labels after the core."""
    blocks, heads, marks = page.blocks, zones.heads, zones.marks
    after = zones.core[1] if zones.core else 0
    around_core = set(core.ancestors()) if core else set()
    hits = []
    for index in range(after, len(blocks)):
        block = blocks[index]
        if block.frame is not None and zones.roles[block.frame] == "footer":
            outer = zones.roles.outermost(block.frame, "footer")
            if outer not in around_core and marks[index] == "other":
                marks[index] = "footer"
        if index > after and block.links < 0.9 and footer_labels(block, heads[index]) and not _inside(block, core):
            hits.append(index)
    cluster = _last_cluster(hits, gap=4)
    if not cluster:
        return
    first, last = cluster[0], cluster[-1]
    while first - 1 > after and cluster[0] - first < 3 and _may_head_footer(blocks[first - 1], heads[first - 1], marks):
        first -= 1
    frame = _common_frame(blocks, cluster)
    if frame is not None and frame not in around_core:
        from_, to = _extent(blocks, frame, first)
        if to - from_ <= 2 * (last - first) + 8:
            first, last = min(first, from_), max(last, to)
    for index in range(first, last + 1):
        if marks[index] in ("other", "footer"):
            marks[index] = "footer"
    if page.root is None:
        for index in range(last, len(blocks)):
            marks[index] = "footer" if marks[index] == "other" else marks[index]


def _inside(block: Block, frame: Frame | None) -> bool:
    return frame is not None and block.frame is not None and any(f is frame for f in block.frame.ancestors())


def _may_head_footer(block: Block, head: str, marks: Sequence[str]) -> bool:
    letters = [c for c in block.text if c.isalpha()]
    upper = sum(c.isupper() for c in letters) > 0.7 * len(letters) if letters else False
    return (
        marks[block.index] in ("other", "footer")
        and len(block.text) < 160
        and block.links < 0.5
        and (upper or head.startswith(labels().footer_headings))
    )


def _last_cluster(hits: Sequence[int], gap: int) -> list[int]:
    """The last run of indices with no hole larger than `gap`; a lone hit counts when it is the only one."""
    clusters: list[list[int]] = []
    for hit in hits:
        if clusters and hit - clusters[-1][-1] <= gap:
            clusters[-1].append(hit)
        else:
            clusters.append([hit])
    return max(reversed(clusters), key=len) if clusters else []


def _extent(blocks: Sequence[Block], frame: Frame, member: int) -> tuple[int, int]:
    """First and last block in an element, given one of them: what an element encloses stands together."""
    first = last = member
    while first > 0 and _inside(blocks[first - 1], frame):
        first -= 1
    while last + 1 < len(blocks) and _inside(blocks[last + 1], frame):
        last += 1
    return first, last


def _common_frame(blocks: Sequence[Block], indices: Sequence[int]) -> Frame | None:
    """The innermost block-level element around all of these blocks."""
    first, last = blocks[indices[0]].frame, blocks[indices[-1]].frame
    if first is None or last is None:
        return None
    return lowest_common(first, last)


def lowest_common(one: Frame, other: Frame) -> Frame:
    """The innermost block-level element around both frames."""
    around = set(one.ancestors())
    return next(frame for frame in other.ancestors() if frame in around).block


def _find_article(page: Page, zones: Zones, core: Frame | None, known_title: str | None) -> None:
    """Find the headline and mark header, title, body and what follows."""
    assert zones.core is not None  # noqa: S101 - the caller checked
    blocks, marks = page.blocks, zones.marks
    first = zones.core[0]
    usable = [i for i in range(min(first + 4, len(blocks))) if marks[i] == "other"]
    zones.title, zones.candidates = find_headline(page, zones.roles, usable, first, known_title)
    start, end = (first, len(blocks))
    if core is not None:
        zones.article = core
        top = blocks[zones.title].frame if zones.title is not None else None
        if top is not None:
            zones.article = lowest_common(top, core)
        end = _extent(blocks, zones.article, zones.core[1])[1] + 1
    if zones.title is not None:
        marks[zones.title] = "title"
        start = zones.title + 1
        prose = [i for i in range(start, zones.core[1] + 1) if zones.weights[i] > 0]
        zones.core = (prose[0], zones.core[1]) if prose else (start, max(start, zones.core[1]))
        _mark_header(blocks, zones)
    _mark_body(blocks, zones, start, end, core)


def _find_bare_headline(page: Page, zones: Zones, known_title: str | None) -> None:
    """On a page without prose (a picture, a file): the headline alone, and the element around it that holds a picture."""
    usable = [
        i
        for i, mark in enumerate(zones.marks)
        if mark == "other" and (b := page.blocks[i]).frame and not zones.roles[b.frame]
    ]
    title, zones.candidates = find_headline(page, zones.roles, usable, usable[-1] if usable else 0, known_title)
    if title is None or zones.candidates[0].score < BARE_HEADLINE:
        return
    holder = page.blocks[title].frame
    for _ in range(4):
        if holder is None or holder.el.find(".//img") is not None:
            break
        holder = holder.up.block if holder.up is not None else None
    if holder is None:
        return
    end = _extent(page.blocks, holder, title)[1] + 1
    zones.title, zones.core, zones.core_frame, zones.article = title, (end, end), holder, holder
    zones.marks[title] = "title"
    _mark_header(page.blocks, zones)
    _mark_body(page.blocks, zones, title + 1, end, holder)


def _mark_header(blocks: Sequence[Block], zones: Zones) -> None:
    """Mark the lines just above the headline that may tell section, date and byline."""
    assert zones.title is not None  # noqa: S101 - the caller checked
    for index in range(zones.title - 1, max(-1, zones.title - 1 - HEADER_REACH), -1):
        block = blocks[index]
        if block.frame is not None and zones.roles[block.frame] in ("nav", "chrome", "aside", "tools"):
            break
        if zones.weights[index] > 0 and block.links < 0.5:
            break  # prose of another part of the page
        if zones.marks[index] == "other" and len(block.text) <= 200:
            zones.marks[index] = "header"


def _mark_body(blocks: Sequence[Block], zones: Zones, start: int, end: int, core: Frame | None) -> None:
    """Mark the article from the line below the headline to the first label that ends it."""
    assert zones.core is not None  # noqa: S101 - the caller checked
    marks, heads, words = zones.marks, zones.heads, labels()
    first, last = zones.core
    around_core = set(core.ancestors()) if core is not None else set()
    over = closed = False
    start = _mark_letterhead(blocks, marks, range(start, min(first + 1, end)))
    _claim_header(blocks, marks, range(start, first))
    if start + 1 < first and blocks[start].heading and marks[start] == "other" and marks[start + 1] == "header":
        marks[start] = "header"  # a second headline above date or byline
    for index in range(start, end):
        block, head = blocks[index], heads[index]
        role = zones.roles[block.frame] if block.frame is not None else ""
        if role and block.frame is not None and zones.roles.outermost(block.frame, role) in around_core:
            role = ""
        if marks[index] == "form" and index > first:
            over = True
        if marks[index] != "other":
            continue
        if index > first and len(block.text) < 60 and head.startswith(words.related_starts):
            over = True
        if index > first and len(block.text) < 40 and head.startswith(words.comments_starts) and block.links < 0.5:
            closed = over = True  # what readers wrote
        if over and not closed and index <= last and zones.weights[index] > 0:
            over = False  # a box in the middle of the article: its prose goes on
        if over or role == "related":
            marks[index] = "related"
        elif role in ("nav", "chrome", "comments", "tools", "aside", "footer"):
            marks[index] = "chrome"
        elif len(block.text) < 300 and head.startswith(words.tags_starts) and index > first:
            marks[index] = "tail"
        elif (
            len(block.text) < 120
            and (form := block.label)
            and form[1] in ("views", "published_at", "updated_at", "attachments", "category")
        ):
            marks[index] = "tail" if index > first else "header"
        elif index < first and block.links > 0.9:
            marks[index] = "tools"
        elif index >= first and block.links > 0.5 and _links_a_file(block):
            marks[index] = "tail"
        elif index > last and (_is_posted(block) or (block.links > 0.25 and block.text.count("|") >= 2)):
            marks[index] = "tail"  # "Posted by … | Permalink | Comments"
        elif index > last and block.links > 0.9 and len(block.text) < 60:
            marks[index] = "tools"
        elif index > last and _in_signed_table(block, blocks[last:end]):
            marks[index] = "signature"
        elif index > first and len(block.text) < 120 and head.startswith(words.attachment_starts):
            marks[index] = "tail"
        else:
            marks[index] = "body"


def _is_posted(block: Block) -> bool:
    """Whether a line tells author, time and category of a blog post, as the SharePoint blog product prints below it."""
    return POSTED.match(block.text) is not None and len(block.text) < 200 and any(map(str.isdigit, block.text))


def _mark_letterhead(blocks: Sequence[Block], marks: list[str], between: range) -> int:
    """Mark the head of an administrative document, national motto and place with date; the body starts behind it.

    Layout of Decree 30/2020/NĐ-CP, annex I: authority, number, motto, place and date. Returns where the rest starts.
    """
    if not any(LETTERHEAD.match(blocks[index].text) for index in between if len(blocks[index].text) < 120):
        return between.start
    ends = [
        i
        for i in between
        if len(blocks[i].text) < 120 and (LETTERHEAD.match(blocks[i].text) or SIGNED.match(blocks[i].text))
    ]
    for index in range(between.start, ends[-1] + 1):
        if marks[index] == "other":
            marks[index] = "letterhead"
    return ends[-1] + 1


def _in_signed_table(block: Block, nearby: Sequence[Block]) -> bool:
    """Whether the line stands in the table that closes a document: post, "(Đã ký)", name."""
    table = next((f for f in block.frame.ancestors() if f.tag == "table"), None) if block.frame is not None else None
    if table is None:
        return False
    return any(SIGNATURE_MARK.fullmatch(other.text) and _inside(other, table) for other in nearby)


def _claim_header(blocks: Sequence[Block], marks: list[str], between: Iterable[int]) -> None:
    """Mark the lines between headline and prose that tell date, byline, source or counter."""
    from scraper.lines.header import read_header

    open_ = [index for index in between if marks[index] == "other" and len(blocks[index].text) <= 200]
    for index in open_:
        if is_meta_line(blocks[index]) or is_named_byline(blocks[index]):
            marks[index] = "header"
    if open_:
        reading = read_header([blocks[index].spaced for index in open_], context="article header", day_first=True)
        for name, line in reading.lines.items():
            if name in ("published_at", "updated_at", "author", "source", "views", "page_clock"):
                marks[open_[line]] = "header"


def _links_a_file(block: Block) -> bool:
    """Whether the line is nothing but links to documents."""
    links = {f.el for run in block.runs for f in run.frame.ancestors() if f.tag == "a"}
    return bool(links) and all(FILE_LINK.search(link.get("href") or "") for link in links)
