"""Documents within files: each member of an archive and each attachment of a message is a document of its own in bronze.

A member is an ordinary row of the manifest, with the document that it lies in as its parent and that document's terms. What bronze holds of
an archive or a message itself has nothing of its members in it, so that no byte is held twice and each can be erased alone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from configs.faults import reach
from configs.settings import SourceSettings
from contracts.ids import bucket, fingerprint
from contracts.ports import Listed
from flows.look import UNREAD, UNREDACTED, Look, Row, write_rows
from flows.quarantine import OF_LISTING, Refusal
from flows.workspace import Workspace
from parsing.documents import Member, ToParse, Unpacked
from parsing.unpack import unpacking_fingerprint
from sources.globs import matcher
from sources.uris import uri_of
from sources.walk import is_junk

INSIDE = "!/"
"""Stands in a uri between a file and what lies in it."""
_BATCH_FILES = 200
_BATCH_BYTES = 64_000_000
_UP = ".."
"""A name that leads out of its archive is refused with a reason; other hidden names are left out without one."""
_MEMBER = "member"
"""The `stat` of what no listing names."""
_OF_A_FILE = ("terms.", "source.")
"""Rules about a file of the source, and not about what lies in it."""


def unpacking_of(workspace: Workspace, source_id: str, /) -> str:
    """Fingerprint of how documents are taken out of a source's files: of rules, limits and names that are left out."""
    return fingerprint("members", unpacking=unpacking_fingerprint(workspace.settings.parsing), exclude=_names_left(workspace, source_id))


def unpack(look: Look, waiting: Sequence[tuple[Listed, Row]], /) -> None:
    """Bronze holds these files, and all documents in them, apart. A file that cannot be opened stays as it was held, and is noted.

    The file's own row is written last: killed before, the next run opens it again.
    """
    asked: dict[str, tuple[Listed, ToParse]] = {}
    rows = {row["document_id"]: row for _, row in waiting}
    leaves = matcher(_names_left(look.workspace, look.source.name))
    taken = _Taken(look, leaves)
    for unpacked in look.workspace.unpack(_files(look, waiting, asked), look.workspace.settings.parsing):
        (listed, file), row = asked.pop(unpacked.document_id), rows[unpacked.document_id]
        if unpacked.failure:
            look.refuse(row, unpacked.failure)
            continue
        taken.take(row, listed, file, unpacked)
        if len(taken.files) == _BATCH_FILES or sum(len(content) for _, _, content in taken.blobs) > _BATCH_BYTES:
            taken.write()
            taken = _Taken(look, leaves)
    taken.write()


def carry(look: Look, row: Row, /) -> list[Row]:
    """The rows, where they change, of all that lies in a document that is as it was; what could not be taken out of it is still noted."""
    restated = []
    for document_id in sorted(look.families.below([row["document_id"]])):
        if before := look.known.get(document_id):
            look.done.listed[document_id] = before["version_id"]
            member = before | _inherited(row)
            if member != before:
                restated.append(member)
            if row["terms_problem"]:
                look.refuse(member, next(one.failure for one in look.done.refusals if one.document_id == look.families.root(document_id)))
        noted = look.noted.get(document_id)
        if noted and noted["fingerprint"] == OF_LISTING and not noted["rule"].startswith(_OF_A_FILE):
            look.done.refusals.append(Refusal.noted(noted))
    return restated


def _files(look: Look, waiting: Sequence[tuple[Listed, Row]], asked: dict[str, tuple[Listed, ToParse]]) -> Iterator[ToParse]:
    """One after another as they are asked for; those whose bytes changed in this moment into erased ones are refused like any other."""
    for listed, row in waiting:
        content = look.content(listed, row)
        if content is None:
            continue
        version_id = look.workspace.identity.version(content)
        if version_id in look.suppressed.versions:
            look.done.erased.add(row["document_id"])
            look.done.listed.pop(row["document_id"])
            continue
        file = ToParse(row["document_id"], version_id, listed.uri.rpartition("/")[2], content)
        asked[row["document_id"]] = listed, file
        yield file


@dataclass(slots=True)
class _Taken:
    """Rows and bytes of some files and of what lies in them, to be written together."""

    look: Look
    leaves: Callable[[str], bool]
    files: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    blobs: list[tuple[str, str, bytes]] = field(default_factory=list)

    def take(self, row: Row, listed: Listed, file: ToParse, unpacked: Unpacked) -> None:
        """A file, each of its members, and those that it has no longer."""
        look = self.look
        opened: list[Row | None] = []
        for member in unpacked.members:
            parent = row if member.inside is None else opened[member.inside]
            opened.append(self._add(parent, member) if parent else None)
        mark = look.unpacking if unpacked.holds else ""
        if file.version_id != row["version_id"] or row["stat"] == UNREAD or mark != row["unpacked"]:
            self.blobs.append((file.document_id, file.version_id, unpacked.kept))
        self.files.append(look.renew(row, file.version_id, size=len(file.content), stat=listed.stat, unpacked=mark))
        look.opened.add(file.document_id)
        vanished = look.families.below([file.document_id]) & look.known.keys() - look.done.listed.keys()
        self.members += [look.known[document_id] | {"state": "removed"} for document_id in sorted(vanished)]

    def write(self) -> None:
        """All of it is in bronze when this returns. Members come first: a file says that it was opened once they are there."""
        workspace = self.look.workspace
        workspace.blobs.put_many(self.blobs)
        reach("unpack.blobs")
        write_rows(workspace, [row for row in self.members if row != self.look.known.get(row["document_id"])])
        reach("unpack.members")
        write_rows(workspace, self.files)
        self.look.drop_superseded([*self.members, *self.files])

    def _add(self, parent: Row, member: Member) -> Row | None:
        """Its row, if what lies in it is to be taken too."""
        look, path = self.look, uri_of(member.path).replace(INSIDE, "%21/")
        if self.leaves(path) or any(is_junk(part) for part in path.split("/") if part != _UP):
            return None
        document_id = look.workspace.identity.member(parent["document_id"], member.path)
        version_id = look.workspace.identity.version(member.content)
        if document_id in look.suppressed.documents or (not member.failure and version_id in look.suppressed.versions):
            look.done.erased.add(document_id)
            return None
        before = look.known.get(document_id)
        row = (before or self._new(parent, document_id, f"{parent['uri']}{INSIDE}{path}", member)) | _inherited(parent)
        if member.failure:
            look.refuse(row, member.failure)
            self._leave(row, before)
            return None
        if version_id == row["original_version_id"] and row["stat"] != UNREAD:
            look.done.listed[document_id] = row["version_id"]  # What was made of these bytes by redaction is held.
            self.members.append(row)
            return row
        unpacked = "" if member.kept is None else look.unpacking
        if version_id != row["version_id"] or row["stat"] == UNREAD or unpacked != row["unpacked"]:
            self.blobs.append((document_id, version_id, member.content if member.kept is None else member.kept))
        self.members.append(look.renew(row, version_id, size=len(member.content), stat=_MEMBER, unpacked=unpacked))
        return self.members[-1]

    def _leave(self, row: Row, before: Row | None) -> None:
        """What could be taken out once stays, with all that lies in it, until it can be again."""
        if before:
            self.look.done.listed[row["document_id"]] = row["version_id"]
            self.members += [row, *carry(self.look, row)]

    def _new(self, parent: Row, document_id: str, uri: str, member: Member) -> Row:
        return {
            **parent,
            **UNREDACTED,
            "bucket": bucket(document_id, self.look.workspace.settings.stores.buckets),
            "document_id": document_id,
            "parent_id": parent["document_id"],
            "uri": uri,
            "version_id": None,
            "size": len(member.content),
            "stat": _MEMBER,
            "unpacked": None,
            "observed_at": self.look.now,
        }


def _inherited(parent: Row) -> Row:
    """What is said of a file holds for all that lies in it, but for its title."""
    terms = {name: value for name, value in json.loads(parent["terms"]).items() if name != "title"}
    stated = json.dumps(terms, sort_keys=True, ensure_ascii=False)
    return {"terms": stated, "terms_problem": parent["terms_problem"], "state": "present"}


def _names_left(workspace: Workspace, source_id: str) -> list[str]:
    """Patterns of `exclude` that are names, which hold wherever a document lies; those with a path hold in the source's folder alone."""
    settings: SourceSettings | None = workspace.registry.all().get(source_id)
    return sorted(pattern for pattern in (settings.exclude if settings else ()) if "/" not in pattern)
