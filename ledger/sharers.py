"""The workspaces that share a vector cache: what each of them holds there, and how one that is no more lets go of it."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, delete, func, select

from contracts.errors import UsageError
from ledger.asked import Asked, read_asked
from ledger.database import asking, writing
from ledger.vector_tables import ASKED, OWNERS, VECTORS, place_of
from ledger.vectors import VectorCache


@dataclass(frozen=True, slots=True)
class Share:
    """What one workspace holds in a cache."""

    workspace: str
    is_this: bool
    documents: int
    vectors: int
    alone: int
    """Of these vectors, how many no other workspace owns."""
    bytes: int
    """Of these vectors: numbers alone, without what a database adds."""
    models: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A cache and everybody who has a share in it."""

    place: str
    key_file: str
    vectors: int
    bytes: int
    workspaces: tuple[Share, ...]


def read_shared(cache: VectorCache, /) -> Shared:
    """What a cache holds, this workspace first."""
    owned = select(OWNERS.c.workspace, OWNERS.c.key, VECTORS.c.dimensions).distinct().join(VECTORS).subquery()
    alone = select(func.min(owned.c.workspace).label("workspace")).group_by(owned.c.key).having(func.count() == 1).subquery()
    documents = select(OWNERS.c.workspace, OWNERS.c.document_id).distinct().subquery()
    with asking(cache.engine) as connection:
        vectors, size = connection.execute(select(func.count(), _size(VECTORS.c.dimensions))).one()
        held = connection.execute(select(owned.c.workspace, func.count(), _size(owned.c.dimensions)).group_by(owned.c.workspace)).all()
        of = {name: _counts(connection, rows.c.workspace) for name, rows in (("documents", documents), ("alone", alone))}
        asked = list(read_asked(connection))
    here = {workspace: (count, size) for workspace, count, size in held}
    shares = [
        Share(
            workspace=workspace,
            is_this=workspace == cache.sharer.workspace,
            documents=of["documents"].get(workspace, 0),
            vectors=here.get(workspace, (0, 0))[0],
            alone=of["alone"].get(workspace, 0),
            bytes=here.get(workspace, (0, 0))[1],
            models=tuple(counts for whose, counts in asked if whose == workspace),
        )
        for workspace in {*here, *(whose for whose, _ in asked)}
    ]
    shares.sort(key=lambda share: (not share.is_this, share.workspace))
    return Shared(place_of(cache.engine), str(cache.sharer.key_file), vectors, int(size), tuple(shares))


def leave(cache: VectorCache, workspace: str, /) -> int:
    """The workspace owns nothing in the cache and is not known to it when this returns; answers how many vectors nobody else owned.

    One that is at work loses vectors that it has computed, and no more: what it asks for next it embeds and owns again. Killed, it is to
    be done again. One that is not known is left alone: `find_share` tells.
    """
    leaving = VectorCache(cache.engine, replace(cache.sharer, workspace=workspace))
    with asking(cache.engine) as connection:
        whose = select(OWNERS.c.document_id).distinct().where(OWNERS.c.workspace == workspace)
        documents = connection.execute(whose).scalars().all()
    forgotten = leaving.forget(documents)
    with writing(cache.engine) as connection:
        connection.execute(delete(ASKED).where(ASKED.c.workspace == workspace))
    return forgotten.before - forgotten.shared


def find_share(cache: VectorCache, workspace: str, /) -> Share:
    """What this workspace holds. Raises UsageError where the cache knows of none by this id."""
    known = {share.workspace: share for share in read_shared(cache).workspaces}
    if workspace not in known:
        raise UsageError(f"cache: {workspace} has no share in {place_of(cache.engine)}. Those that have are listed by: ragkeep cache")
    return known[workspace]


def _size(dimensions: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(4 * dimensions), 0)


def _counts(connection: Connection, workspaces: ColumnElement[str]) -> dict[str, int]:
    return {workspace: count for workspace, count in connection.execute(select(workspaces, func.count()).group_by(workspaces))}
