"""The door `section`: pages of a portal that list articles, page by page, with whatever pager they print.

/tin/Pages/tin.aspx?Page=2    /vn/chuyen-muc/32/tin-tuc.aspx?page=2    /tin/PhanTrang/32/2/tin-tuc.html
pKetQuaTimKiem.aspx?…&Page=2&RowPerPage=50 (a fragment)    __doPostBack('ctl00$…','Page$2')
"""

from __future__ import annotations

from urllib.parse import urlsplit

from scraper.discovery.links import article_links
from scraper.discovery.listing import DoorName, Listing, Place, Request
from scraper.discovery.markup import no_listing, read_markup
from scraper.discovery.pager import has_pager, next_page
from scraper.discovery.told import told_by
from scraper.discovery.view import ROUND
from scraper.models import Capture


class SectionDoor:
    """Asks for the place's section pages.

    Servers repeat a page for numbers past the end: a listing also ends where a page shows nothing unseen, which only
    the caller can tell.
    """

    name: DoorName = "section"
    exhaustive = True

    def knock(self, place: Place) -> tuple[Request, ...]:
        """One request for each section page."""
        return tuple(Request(section) for section in place.sections)

    def read(self, capture: Capture, place: Place) -> Listing:
        """The articles that a section page links to. Raises NotAListing where there are none and no pager either.

        `cut` is `row_limit` where a page is full and neither it nor its address speaks of others, and `newest_only`
        where a portal's front page does not.
        """
        markup = read_markup(capture, place)
        told = told_by(markup, place)
        entries = article_links(markup, told, self.name)
        following = next_page(markup, len(entries))
        if not entries and (following is None or markup.asks_to_log_in()):
            raise no_listing(capture, markup, "links to articles")
        cut = None
        if following is None and not has_pager(markup):
            front = not urlsplit(place.start).path.strip("/")
            cut = "newest_only" if front else "row_limit" if len(entries) in ROUND else None
        return Listing(entries, following, place=told, cut=cut, off_site=len(markup.off_site))


SECTION = SectionDoor()
