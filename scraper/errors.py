"""Every error that luutru raises on purpose.

`str()` of each reads `what went wrong: which source: cause`; the CLI prints that line and turns the class into an exit
code. Foreign exceptions (requests, lxml, OSError) are translated once per boundary, with `raise … from`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class LuutruError(Exception):
    """Root of all errors; never raised itself.

    what: the fault in plain words ("not found").  source: the address, file or archive it happened to.
    cause: detail, one line, may be empty.  hint: what the reader can do next, may be empty.
    """

    what = "failed"
    code = "error"

    def __init__(self, source: str = "", cause: str = "", *, what: str | None = None, hint: str = "") -> None:
        self.source = source
        self.cause = cause
        self.hint = hint
        if what is not None:
            self.what = what
        super().__init__(": ".join(part for part in (self.what, source, cause) if part))

    def __reduce__(self) -> tuple[Callable[..., LuutruError], tuple[object, ...]]:
        """An error passes from one process to another as it is."""
        return _same_error, (type(self), self.args, self.__dict__)


class InputError(LuutruError):
    """What the user gave cannot be used: a missing file, a bad address, an unreadable configuration."""

    what = "cannot use this source"
    code = "input"


class FetchError(LuutruError):
    """The server's answer never became a capture."""

    what = "cannot fetch"
    code = "fetch"


class NotFound(FetchError):
    """404 or 410, or a redirect to a page that says so.

    status: 404 or 410 where the server answered so itself: what the archive takes for "no longer published".
    """

    what = "not found"
    code = "not_found"
    status: int | None = None


class AccessDenied(FetchError):
    """401, 403 or 407."""

    what = "access denied"
    code = "access_denied"


class RateLimited(FetchError):
    """429, or 503 with Retry-After, and still so after the retries."""

    what = "the server asks to slow down"
    code = "rate_limited"


class SoftError(FetchError):
    """An error page that answers 200 (SharePoint's `SharePointError` header, correlation pages)."""

    what = "the server answered with an error page"
    code = "soft_error"


class LoginPage(FetchError):
    """The address leads to a login form."""

    what = "the page asks to log in"
    code = "login"


class NetworkError(FetchError):
    """Name lookup, connection, TLS, time-out, broken transfer, or a 5xx answer."""

    what = "network failure"
    code = "network"


class Disallowed(FetchError):
    """The site's robots.txt asks robots not to fetch this address."""

    what = "robots.txt disallows it"
    code = "disallowed"


class OffSite(FetchError):
    """A redirect or listing link leads to a host that does not belong to the portal, or to no web page at all."""

    what = "it leads away from the portal"
    code = "off_site"


class Threshold(FetchError):
    """SharePoint refuses a view of more rows than its list view threshold (5,000 by default): HTTP 500, -2147024860."""

    what = "the list is too long for this view"
    code = "threshold"


class OutOfTime(FetchError):
    """The time that a run or a host was given is used up; nothing was asked."""

    what = "out of time"
    code = "out_of_time"


class TooLarge(FetchError):
    """More bytes than allowed, counted after decompression."""

    what = "too large"
    code = "too_large"


class ExtractError(LuutruError):
    """A capture that did not become a record."""

    what = "cannot extract"
    code = "extract"


class NotAnArticle(ExtractError):
    """The page holds no article: a home page, a listing, an empty form, a login page, an error page.

    reason: one of `empty`, `binary`, `home`, `listing`, `empty_form`, `soft_error`, `login`, `challenge`, `no_title`,
    `no_body`, `not_dated`.
    """

    what = "no article"
    code = "not_an_article"

    def __init__(self, source: str = "", cause: str = "", *, reason: str = "no_body", hint: str = "") -> None:
        self.reason = reason
        super().__init__(source, cause or reason, hint=hint)


class NotAListing(ExtractError):
    """An answer that lists nothing in the form that was asked for."""

    what = "no listing"
    code = "not_a_listing"


class RuleCountError(ExtractError):
    """A portal's rule met another number of nodes than it states; the record tells it as a problem of the same code."""

    what = "a rule met an unexpected number of nodes"
    code = "rule_count"


class ArchiveError(LuutruError):
    """The archive cannot be read or written."""

    what = "archive failure"
    code = "archive"


class Locked(ArchiveError):
    """Another run holds the lock."""

    what = "the archive is in use"
    code = "locked"


class Corrupt(ArchiveError):
    """The archive's file is damaged; nothing is overwritten."""

    what = "the archive is damaged"
    code = "corrupt"


class SchemaTooNew(ArchiveError):
    """The archive was written by a newer luutru."""

    what = "the archive was written by a newer version"
    code = "schema_too_new"


class NoSpace(ArchiveError):
    """The disk or the quota is full."""

    what = "no space left"
    code = "no_space"


def _same_error(kind: type[LuutruError], args: tuple[Any, ...], details: Mapping[str, Any]) -> LuutruError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(details)
    return error
