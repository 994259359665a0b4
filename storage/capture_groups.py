"""Records of a WARC file that belong together: a capture with its request and metadata, a redirect, a warcinfo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storage.capture_records import about_of, original_place
from storage.warc_format import DamagedStretch, Member
from storage.warc_format import members as members_of


def groups_of(descriptor: int, start: int = 0) -> Iterator[list[Member] | DamagedStretch]:
    """The records of a file from that byte on, each with the request and the metadata that belong to it."""
    group: list[Member] = []
    for member in members_of(descriptor, start):
        if isinstance(member, Member) and group and _belongs(member, group):
            group.append(member)
            continue
        if group:
            yield group
        group = []
        if isinstance(member, DamagedStretch):
            yield member
        else:
            group = [member]
    if group:
        yield group


def is_hop(group: Sequence[Member]) -> bool:
    """Whether a group is a redirect, or a warcinfo record: whole, but no capture."""
    return group[0].record.kind == "warcinfo" or group[0].record.field("WARC-Truncated") is not None


def is_whole(group: Sequence[Member]) -> bool:
    """Whether nothing of a group is missing."""
    return is_hop(group) or is_capture(group)


def is_capture(group: Sequence[Member]) -> bool:
    """Whether a group is a capture, whole."""
    main = group[0].record
    if is_hop(group) or main.kind == "request" or (main.kind == "metadata" and original_place(main) is None):
        return False
    try:
        about_of([member.record for member in group])
    except ValueError:
        return False
    return True


def _belongs(member: Member, group: Sequence[Member]) -> bool:
    return member.record.field("WARC-Concurrent-To") == group[0].record.field("WARC-Record-ID")


def is_last(group: Sequence[Member]) -> bool:
    return group[-1].record.kind == "metadata" or is_hop(group)


def end_of(group: Sequence[Member]) -> int:
    return group[-1].offset + group[-1].length
