"""Patterns of files, as in .gitignore, matched against a document's uri.

*.pdf       a name, at any depth; naming a folder means all that is in it
hr/*.pdf    a path from the root; `*`, `?` and `[a-z]` stay within one name
**/old/*    `**/` is any number of folders, none included
drafts/     a folder from the root with all that is in it, as `drafts/**`
"""

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Sequence

_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^]/]*\]|.", re.DOTALL)


def matcher(patterns: Sequence[str], /) -> Callable[[str], bool]:
    """Whether a path with forward slashes matches any of the patterns. No pattern matches nothing; case counts."""
    rules = re.compile("|".join(_rule(unicodedata.normalize("NFC", pattern)) for pattern in patterns) or "(?!)", re.DOTALL)
    return lambda path: rules.fullmatch(path) is not None


def folders_of(patterns: Sequence[str], /) -> list[str]:
    """Patterns of the folders in which everything matches, so that nobody needs to look into them."""
    whole = [pattern for pattern in patterns if pattern.endswith(("/", "/**"))]
    rooted = ["/" + pattern.removesuffix("**").strip("/") for pattern in whole]
    return [pattern for pattern in patterns if "/" not in pattern] + rooted


def _rule(pattern: str) -> str:
    whole_folder = "**" if pattern.endswith("/") else ""
    body = "".join(_piece(piece) for piece in _PIECE.findall(pattern.removeprefix("/") + whole_folder))
    return body if "/" in pattern else f"(?:.*/)?{body}(?:/.*)?"


def _piece(piece: str) -> str:
    match piece:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    return re.escape(piece) if len(piece) == 1 else f"(?!/){fnmatch.translate(piece)[:-2]}"  # without its anchor at the end
