"""Digests as WARC records state them: `algorithm:value`, in base 32 or hexadecimal (ISO 28500:2017, 5.8). Pure."""

from __future__ import annotations

import base64
import hashlib

_DIGESTS = {"sha1": 20, "sha256": 32, "sha512": 64, "md5": 16}  # label → bytes


def holds(stated: str, forms: tuple[bytes, ...]) -> bool:
    """Whether a digest `algorithm:value` (base32 or hexadecimal) is that of one of the forms; unknown ones hold."""
    label, _, value = stated.partition(":")
    label = label.strip().lower().replace("-", "")
    wanted = _digest_bytes(value.strip(), _DIGESTS.get(label, 0))
    if wanted is None:
        return True
    return any(hashlib.new(label, form, usedforsecurity=False).digest() == wanted for form in dict.fromkeys(forms))


def _digest_bytes(value: str, size: int) -> bytes | None:
    """None for what cannot be checked: an algorithm that is not known, a value of another length."""
    if not size or not value:
        return None
    try:
        if len(value) == 2 * size:
            return bytes.fromhex(value)
        found = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except ValueError:
        return b"" if size else None
    return found
