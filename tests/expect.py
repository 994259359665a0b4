"""Re-makes expected.json of the fixtures from their pages, and shows what would change.

    python -m tests.expect             prints a unified diff for each file that is not what the program finds today
    python -m tests.expect --write     writes them, too; read every line of the difference before you keep it
    python -m tests.expect damsen      only fixtures whose name contains the word

No test ever writes an expectation.
"""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Any

from tests.fixture_pages import FIXTURES, Fixture, load_fixtures
from tests.golden import differences, result_of


def reordered(found: Any, like: Any) -> Any:
    """The same values with keys in the order of the hand-written file; keys that it lacks come last."""
    if isinstance(found, dict) and isinstance(like, dict):
        names = [name for name in like if name in found] + [name for name in found if name not in like]
        return {name: reordered(found[name], like.get(name)) for name in names}
    if isinstance(found, list) and isinstance(like, list):
        return [reordered(item, like[min(n, len(like) - 1)] if like else None) for n, item in enumerate(found)]
    return found


def written(expected: Any) -> str:
    """The text of an expected.json."""
    return json.dumps(expected, ensure_ascii=False, indent=2) + "\n"


def changed(fixture: Fixture) -> tuple[str, str] | None:
    """Text of the file as it is and as it would be; None where the values are the same."""
    found = result_of(fixture)
    if not differences(found, fixture.expected) and found.keys() == fixture.expected.keys():
        return None
    return (fixture.path / "expected.json").read_text("utf-8"), written(reordered(found, fixture.expected))


def main(arguments: list[str], root: Path = FIXTURES) -> None:
    """Show the differences; write them if told to."""
    words = [word for word in arguments if word != "--write"]
    count = 0
    for fixture in load_fixtures(root):
        if words and not any(word in fixture.name for word in words):
            continue
        if (texts := changed(fixture)) is None:
            continue
        count += 1
        name = f"fixtures/{fixture.name}/expected.json"
        kept, found = (text.splitlines(keepends=True) for text in texts)
        sys.stdout.writelines(difflib.unified_diff(kept, found, f"{name} (kept)", f"{name} (found)"))
        if "--write" in arguments:
            (fixture.path / "expected.json").write_text(texts[1], "utf-8")
    print(f"{count} expectations differ" + (", written" if count and "--write" in arguments else ""), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
