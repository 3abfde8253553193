"""Files to the files in them, each opened in a child of the parser process: what is unpacked is as hostile as what is parsed."""

import json
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from configs.settings import ParsingSettings
from contracts.ids import fingerprint
from contracts.results import Failure
from parsing.archive import is_archive
from parsing.containers import Opened
from parsing.documents import Member, ToParse, Unpacked
from parsing.holding import Limits
from parsing.parse import ask_children

RULES = 1
"""Raise it with every change of what comes out of a file."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/")
"""How ZIP files begin that are documents, after the head of their first member."""
_FIRST_NAME = slice(30, 60)


def unpack_files(files: Iterable[ToParse], how: ParsingSettings, /) -> Iterator[Unpacked]:
    """Exactly one Unpacked for each file, as they finish. Nothing is written to any disk; a hostile file never raises."""
    for file, answer in ask_children(files, how, "unpack", limits_of(how)._asdict()):
        yield unpacked(file, answer if isinstance(answer, Failure) else decode(answer))


def may_hold_files(content: bytes, name: str, /) -> bool:
    """Whether it is worth asking: told from a few bytes, without opening anything. False is certain but of files that were bent by hand."""
    if content.startswith(b"PK"):
        return not content[_FIRST_NAME].startswith(_OFFICE)
    if content.startswith(_OLE):
        return "__properties_version1.0".encode("utf-16-le") in content
    return is_archive(content) or name.lower().endswith(".eml")


def unpacking_fingerprint(how: ParsingSettings, /) -> str:
    """Of all that decides what comes out of a file."""
    return fingerprint("unpacking", rules=RULES, limits=limits_of(how))


def limits_of(how: ParsingSettings, /) -> Limits:
    return Limits(how.unpacked_mb * 1_000_000, how.unpacked_files, how.unpacked_depth)


def encode(opened: Opened | Failure | None, /) -> list[bytes]:
    """A line of JSON with the sizes, then the bytes one after another."""
    if opened is None or isinstance(opened, Failure):
        said = opened and (opened.rule, opened.detail, opened.remedy)
        return [json.dumps({"failure": said}).encode() + b"\n"]
    parts, heads = [opened.kept], []
    for member in opened.members:
        failure = member.failure and (member.failure.rule, member.failure.detail, member.failure.remedy)
        heads.append((member.path, member.inside, len(member.content), None if member.kept is None else len(member.kept), failure))
        parts += [member.content, member.kept or b""]
    return [json.dumps({"kept": len(opened.kept), "members": heads}).encode() + b"\n", *parts]


def decode(answer: bytes, /) -> Opened | Failure | None:
    """What `encode` was given."""
    end = answer.index(b"\n")
    said, rest = json.loads(answer[:end]), memoryview(answer)[end + 1 :]
    if "members" not in said:
        return Failure(*said["failure"]) if said["failure"] else None
    sizes = [said["kept"], *(size or 0 for _, _, content, kept, _ in said["members"] for size in (content, kept))]
    ends = list(accumulate(sizes, initial=0))
    parts = [bytes(rest[start:end]) for start, end in pairwise(ends)]
    members = [
        Member(path, inside, parts[2 * number + 1], None if kept is None else parts[2 * number + 2], Failure(*failure) if failure else None)
        for number, (path, inside, _, kept, failure) in enumerate(said["members"])
    ]
    return Opened(parts[0], members)


def unpacked(file: ToParse, opened: Opened | Failure | None, /) -> Unpacked:
    """The answer about a file, which is kept whole where it holds nothing."""
    if isinstance(opened, Failure):
        return Unpacked(file.document_id, b"", False, (), opened)
    if opened is None:
        return Unpacked(file.document_id, file.content, False, ())
    return Unpacked(file.document_id, opened.kept, True, tuple(opened.members))
