"""Which rung of the TLS ladder a host needs: tried in order, mildest first, each by a handshake that asks for nothing.

What is found is put into words for `luutru doctor`, and into the settings that would make the host work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.addresses import shown
from scraper.answers import Again
from scraper.errors import LuutruError
from scraper.text import tidy
from scraper.tls import TlsFacts, TlsPolicy

if TYPE_CHECKING:
    from scraper.fetch import FetchOptions

_GRACE = timedelta(days=30)
# What each rung gives up, for the comment above the settings.
_MEANINGS = {
    "strict": "nothing is given up",
    "configured": "as the settings say",
    "complete_chain": "the missing certificate is fetched where this one says that it lies; the chain is then verified",
    "legacy": "outdated TLS is spoken, which others may read on the way; the certificate is still verified",
    "pin": "this one certificate is accepted: first make sure, by another way, that it is the site's own",
    "insecure_until": "nothing is verified until that day: what is fetched may be anyone's",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One try. name: its words of the settings file.  facts: what the handshake showed, None where it failed.

    fault: why it failed, "" where it did not.
    """

    name: str
    policy: TlsPolicy
    facts: TlsFacts | None
    fault: str = ""

    @property
    def meaning(self) -> str:
        """What the rung gives up, in words."""
        return "; ".join(_MEANINGS[word] for word in self.name.split(", "))


def climb(url: str, options: FetchOptions, today: date) -> tuple[list[Rung], TlsFacts | None]:
    """The rungs tried for an https address up to the first that works, and what was seen of the host unverified.

    A policy that `options` has for the host comes first. At most eleven handshakes, none of which goes on to a request;
    no more are begun once the options' total_timeout is over.
    """
    host = urlsplit(url).hostname or ""
    tried: list[Rung] = []
    sight: TlsFacts | None = None
    deadline = time.monotonic() + options.total_timeout
    for name, policy in _ladder(options.tls.get(host), today):
        if tried and time.monotonic() > deadline:
            break
        if name == "look":
            sight = shake(url, options, policy).facts
            continue
        if policy.pin == "":
            if sight is None:
                continue
            policy = replace(policy, pin=sight.sha256)
        rung = replace(shake(url, options, policy), name=name)
        tried.append(rung)
        if rung.facts is not None:
            return tried, rung.facts
    return tried, sight


def _ladder(configured: TlsPolicy | None, today: date) -> Iterator[tuple[str, TlsPolicy]]:
    if configured is not None:
        yield "configured", configured
    yield "strict", TlsPolicy()
    yield "complete_chain", TlsPolicy(complete_chain=True)
    yield "legacy", TlsPolicy(legacy=True)
    yield "legacy, complete_chain", TlsPolicy(legacy=True, complete_chain=True)
    yield "look", TlsPolicy(insecure_until=date.max)
    yield "pin", TlsPolicy(pin="")
    yield "look", TlsPolicy(legacy=True, insecure_until=date.max)
    yield "legacy, pin", TlsPolicy(legacy=True, pin="")
    yield "insecure_until", TlsPolicy(insecure_until=today + _GRACE)
    yield "legacy, insecure_until", TlsPolicy(legacy=True, insecure_until=today + _GRACE)


def story(tried: list[Rung]) -> str:
    """What came of each rung, those of one outcome together: `strict, legacy: it has expired; pin: works`."""
    outcomes: dict[str, list[str]] = {}
    for rung in tried:
        names = outcomes.setdefault(rung.fault.removeprefix("TLS: ") or "works", [])
        names.append(rung.name.replace(", ", " with "))
    return "; ".join(f"{', '.join(names)}: {outcome}" for outcome, names in outcomes.items())


def shake(url: str, options: FetchOptions, policy: TlsPolicy) -> Rung:
    """One handshake under a policy. Raises InputError where a file of certificates cannot be used."""
    from scraper.transfer import Client

    client = Client(replace(options, tls={urlsplit(url).hostname or "": policy}))
    try:
        return Rung("", policy, client.handshake(url, shown(url)))
    except Again as again:
        return Rung("", policy, None, again.error.cause)
    except LuutruError as error:
        return Rung("", policy, None, error.cause)
    finally:
        client.close()


def settings(host: str, tried: list[Rung], sight: TlsFacts | None) -> str:
    """The lines of TOML that the settings file needs for a host; "" where it needs none or none would help."""
    rung = tried[-1]
    if rung.facts is None or rung.name in ("strict", "configured"):
        return ""
    policy = rung.policy
    strict = next(rung.fault for rung in tried if rung.name == "strict")
    comments = [f"{host}: strict verification fails: {strict.removeprefix('TLS: ')}", rung.meaning]
    if sight is not None and policy.pin:
        until = f", valid until {sight.not_after:%Y-%m-%d}" if sight.not_after else ""
        comments.append(f"certificate of {sight.subject or '?'}, issued by {sight.issuer or '?'}{until}")
        if "not trusted" in strict or "by itself" in strict:
            comments.append("better, if the owner gives you the certificate of its authority: extra_ca with that file")
    lines = [f"# {tidy(comment)}" for comment in comments] + ["[portal.tls]"]
    lines += [f"{word} = true" for word in ("complete_chain", "legacy") if getattr(policy, word)]
    if policy.pin:
        lines.append(f'pin = "{policy.pin}"')
    if policy.insecure_until:
        lines.append(f"insecure_until = {policy.insecure_until}")
    return "\n".join(lines) + "\n"
