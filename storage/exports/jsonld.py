"""schema.org as JSON-LD: one document whose `@graph` holds an object per record, an object to a line.

An article whose page states a day of publication is a `NewsArticle`, any other an `Article`. The agency is a
`GovernmentOrganization`; the author has a name and no type, because a byline does not say whether it names a person or
an office. `<`, `>` and `&` are escaped, so the document can stand in a page's script element as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, BinaryIO, TextIO

from storage.exports.citation import Citation, citation, line, lines, web_address
from storage.exports.texts import dumps, sink

Json = dict[str, Any]

_MARKUP = re.compile("[<>&]")


def write(records: Iterable[Json], out: TextIO | BinaryIO) -> int:
    """Write the document and give the number of its articles."""
    target, count = sink(out), 0
    target.write('{"@context": "https://schema.org", "@graph": [')
    for count, record in enumerate(records, 1):
        article = dumps(_article(record, citation(record, count)))
        safe = _MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", article)
        target.write(f"{',' if count > 1 else ''}\n{safe}")
    target.write("\n]}\n")
    return count


def _article(record: Json, cited: Citation) -> Json:
    return _stated(
        {
            "@type": "NewsArticle" if len(cited.published_day) == 3 else "Article",
            "@id": cited.url,
            "identifier": cited.id,
            "url": cited.url,
            "headline": cited.title,
            "alternativeHeadline": cited.subtitle,
            "articleSection": cited.section,
            "abstract": cited.summary,
            "articleBody": record.get("body_text"),
            "author": _stated({"name": cited.author}),
            "creditText": cited.source,
            "datePublished": cited.published,
            "dateModified": cited.updated,
            "inLanguage": cited.language,
            "keywords": list(cited.tags),
            "image": [_image(image) for image in _objects(record, "images")],
            "associatedMedia": [_file(file) for file in _objects(record, "attachments")],
            "interactionStatistic": _views(record),
            "publisher": _agency(record, cited),
            "isPartOf": _typed("WebSite", {"name": cited.portal, "url": web_address(record, "agency.website")}),
            "copyrightNotice": cited.rights,
        }
    )


def _image(image: Json) -> Json | None:
    about = {
        "contentUrl": web_address(image, "url"),
        "name": line(image, "file_name"),
        "caption": line(image, "caption"),
    }
    return _typed("ImageObject", about | {"creditText": line(image, "credit")})


def _file(file: Json) -> Json | None:
    about = {"contentUrl": web_address(file, "url"), "name": line(file, "label") or line(file, "file_name")}
    return _typed("MediaObject", about)


def _views(record: Json) -> Json | None:
    views = record.get("views")
    if not isinstance(views, int) or isinstance(views, bool):
        return None
    about = {"interactionType": {"@type": "ReadAction"}, "userInteractionCount": views}
    return {"@type": "InteractionCounter", **about}


def _agency(record: Json, cited: Citation) -> Json | None:
    parts = {name: line(record, f"agency.address_parts.{name}") for name in ("street", "ward", "district", "city")}
    address = {
        "streetAddress": ", ".join(parts[name] or "" for name in ("street", "ward") if parts[name]),
        "addressLocality": ", ".join(parts[name] or "" for name in ("district", "city") if parts[name]),
        "addressRegion": line(record, "agency.address_parts.province"),
    }
    about = {
        "name": cited.publisher,
        "address": _typed("PostalAddress", address) or line(record, "agency.address"),
        "telephone": list(lines(record, "agency.phones.raw")),
        "faxNumber": list(lines(record, "agency.faxes.raw")),
        "email": list(lines(record, "agency.emails.address")),
    }
    return _typed("GovernmentOrganization", about)


def _objects(record: Json, name: str) -> list[Json]:
    found = record.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _typed(kind: str, about: Json) -> Json | None:
    """An object of that type; None where nothing is said about it."""
    stated = _stated(about)
    return {"@type": kind, **stated} if stated else None


def _stated(about: Json) -> Json:
    """What has a value; in lists too."""
    kept = {
        name: [item for item in value if item] if isinstance(value, list) else value for name, value in about.items()
    }
    return {name: value for name, value in kept.items() if value}
