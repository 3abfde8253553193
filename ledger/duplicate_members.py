"""How texts become members of the duplicate index and leave it, with their bands and the verified pairs that are stored.

A pair is stored when the later text comes, unless both are crowded. Thousands of form letters are all near to each other, and their pairs
would be millions, of which a decision needs those with the few that are kept. So once more than a hundred texts have a band in common, all
that have it are crowded, for as long as they live, and so is every one that comes with it: pairs among crowded texts are found when a
decision is made. Which texts are crowded depends on the order in which they came, and nothing but time and space depends on that: stored
or found later, the pairs are the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, union, update

from configs.settings import DedupSettings
from dedup.match import match
from dedup.sketch import listed, sketch
from ledger.database import among, batches, each
from ledger.duplicate_tables import BANDS, CROWDS, EDGES, MEMBERS, OWNERS

_CROWD = 100
"""So many texts may have a band in common before they are crowded: few enough for all pairs among them to be cheap."""

_MATES_AT_ONCE = 50_000
"""Stored texts that new ones are compared with at once: a tenth of a gigabyte of shingles."""

_UNBAND = delete(BANDS).where(BANDS.c.hash == bindparam("of_hash"), BANDS.c.member == bindparam("of_member"))


def join(connection: Connection, texts: pl.DataFrame, how: DedupSettings, /) -> None:
    """Members, bands and pairs of those texts (text_key, text) that are new."""
    fresh = texts.filter(~pl.col("text_key").is_in(list(members_by_key(connection, texts["text_key"]))))
    if fresh.is_empty():
        return
    last: int = connection.execute(select(func.coalesce(func.max(MEMBERS.c.id), 0))).scalar_one()
    numbered = pl.int_range(last + 1, last + 1 + fresh.height, eager=True).alias("member")
    new = pl.concat([fresh.select("text_key"), sketch(fresh["text"], how).with_columns(numbered)], how="horizontal")
    bands = new.select("member", pl.col("bands").alias("band")).explode("band").drop_nulls()
    open_bands, mates = _part_crowds(connection, bands)
    crowded = bands.join(open_bands, on=["member", "band"], how="anti")["member"].unique()
    new = new.with_columns(apart=pl.col("member").is_in(crowded.implode()))
    compared = new.drop("bands").join(_grouped(open_bands), on="member", how="left", maintain_order="left")
    compared = compared.with_columns(pl.col("bands").fill_null(pl.lit([], pl.List(pl.Int64))))
    each(connection, insert(EDGES), match(compared, how.threshold))
    for block in _grouped(mates).iter_slices(_MATES_AT_ONCE):
        stored = read_texts(connection, block["member"]).drop("text_key", "bands").join(block, on="member").sort("member")
        both = pl.concat([stored, compared.select(stored.columns)])
        each(connection, insert(EDGES), match(both, how.threshold, since=last + 1).filter(pl.col("b") <= last))
    blobs = {"shingles": _blobs(new["shingles"]), "bands": _blobs(new["bands"])}
    each(connection, insert(MEMBERS), new.select("text_key", "number_key", id="member", crowded="apart").with_columns(**blobs))
    each(connection, insert(BANDS), bands.select("member", hash="band").sort("hash"))


def _part_crowds(connection: Connection, bands: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of the new texts' bands (member, band) those that are no crowd's, and the stored members that have one of these, likewise.

    A band that becomes a crowd's by the new texts is noted, and the stored texts that have it are crowded from now on.
    """
    known = connection.execute(select(CROWDS.c.hash).where(among(CROWDS.c.hash, bands["band"].unique().to_list()))).scalars().all()
    bands = bands.filter(~pl.col("band").is_in(pl.Series(known, dtype=pl.Int64).implode()))
    wanted = select(BANDS.c.member, BANDS.c.hash).where(among(BANDS.c.hash, bands["band"].unique().sort().to_list()))
    mates = pl.DataFrame([tuple(row) for row in connection.execute(wanted)], {"member": pl.Int64, "band": pl.Int64}, orient="row")
    counts = pl.concat([bands["band"], mates["band"]]).value_counts()
    formed = counts.filter(pl.col("count") > _CROWD).select("band")
    each(connection, insert(CROWDS), formed.select(hash="band"))
    members = mates.join(formed, on="band", how="semi")["member"].unique().to_list()
    connection.execute(update(MEMBERS).where(among(MEMBERS.c.id, members)).values(crowded=True))
    return bands.join(formed, on="band", how="anti"), mates.join(formed, on="band", how="anti")


def _grouped(bands: pl.DataFrame) -> pl.DataFrame:
    return bands.group_by("member").agg(pl.col("band").alias("bands")).sort("member")


def drop_orphans(connection: Connection, members: Sequence[int], /) -> int:
    """Of these members, those without owner go, with their bands and pairs; answers how many. A crowd goes with the last of its band."""
    unowned = select(MEMBERS.c.id, MEMBERS.c.bands, MEMBERS.c.crowded).where(~exists().where(OWNERS.c.member == MEMBERS.c.id))
    dropped = 0
    for part in batches(members):
        gone = {row.id: row for row in connection.execute(unowned.where(MEMBERS.c.id.in_(part)))}
        hashes = [(int(value), member) for member, row in gone.items() for value in np.frombuffer(row.bands, "<i8")]
        each(connection, _UNBAND, pl.DataFrame(hashes, {"of_hash": pl.Int64, "of_member": pl.Int64}, orient="row"))
        crowds = {value for value, member in hashes if gone[member].crowded}
        left = exists().where(BANDS.c.hash == CROWDS.c.hash)
        connection.execute(delete(CROWDS).where(among(CROWDS.c.hash, list(crowds)), ~left))
        for column in (EDGES.c.a, EDGES.c.b, MEMBERS.c.id):
            connection.execute(delete(column.table).where(column.in_(list(gone))))
        dropped += len(gone)
    return dropped


def members_by_key(connection: Connection, text_keys: Iterable[str], /) -> dict[str, int]:
    """Those texts that are members, and their numbers."""
    wanted = select(MEMBERS.c.text_key, MEMBERS.c.id)
    return {key: member for key, member in connection.execute(wanted.where(among(MEMBERS.c.text_key, list(set(text_keys)))))}


def crowded_members(connection: Connection, among_these: Iterable[int] | None = None, /) -> set[int]:
    """All, or those of some."""
    wanted = select(MEMBERS.c.id).where(MEMBERS.c.crowded)
    return set(connection.execute(wanted if among_these is None else wanted.where(among(MEMBERS.c.id, list(among_these)))).scalars())


def paired(connection: Connection, members: Iterable[int], /) -> set[int]:
    """These members and all that stored pairs lead to from them, however many lie between."""
    known = ends = set(members)
    while ends:
        listed_ends = list(ends)
        others = union(
            select(EDGES.c.b).where(among(EDGES.c.a, listed_ends)),
            select(EDGES.c.a).where(among(EDGES.c.b, listed_ends)),
        )
        ends = set(connection.execute(others).scalars()) - known
        known = known | ends
    return known


def tied(connection: Connection, members: Iterable[int], /) -> set[int]:
    """As `paired`, and crowded members lead to those that have a band in common with them, too: near or not, which only comparing tells."""
    known, seen = set[int](), set[int]()
    ends = set(members)
    while ends:
        known |= paired(connection, ends)
        ends = set[int]()
        for part in batches(known - seen, _MATES_AT_ONCE):
            seen.update(part)
            ends |= _crowd_mates(connection, part)
        ends -= known
    return known


def _crowd_mates(connection: Connection, members: Sequence[int]) -> set[int]:
    """Crowded members that share a band with those of these that are crowded."""
    blobs = connection.execute(select(MEMBERS.c.bands).where(MEMBERS.c.crowded, among(MEMBERS.c.id, members))).scalars()
    hashes = np.unique(np.frombuffer(b"".join(blobs), "<i8")).tolist()
    mates = select(BANDS.c.member).distinct().join(MEMBERS, MEMBERS.c.id == BANDS.c.member)
    return set(connection.execute(mates.where(MEMBERS.c.crowded, among(BANDS.c.hash, hashes))).scalars())


def read_texts(connection: Connection, members: Iterable[int], /) -> pl.DataFrame:
    """member, text_key, number_key, apart (whether it is crowded), shingles and bands of these, sorted by member."""
    wanted = select(MEMBERS).where(among(MEMBERS.c.id, list(members))).order_by(MEMBERS.c.id)
    rows = connection.execute(wanted).all()
    plain = [(row.id, row.text_key, row.number_key, row.crowded) for row in rows]
    schema = {"member": pl.Int64, "text_key": pl.String, "number_key": pl.Int64, "apart": pl.Boolean}
    sets = _listed([row.shingles for row in rows], "<u8").alias("shingles"), _listed([row.bands for row in rows], "<i8").alias("bands")
    return pl.DataFrame(plain, schema, orient="row").with_columns(*sets)


def _listed(blobs: list[bytes], kind: str) -> pl.Series:
    lengths = np.array([len(blob) // 8 for blob in blobs], dtype=np.int64)
    return listed(np.frombuffer(b"".join(blobs), kind), lengths)


def _blobs(lists: pl.Series) -> pl.Series:
    """Little-endian 64-bit integers, one blob a list."""
    values = lists.explode(empty_as_null=False).to_numpy()
    ends = lists.list.len().cast(pl.Int64).cum_sum()
    starts: Iterator[Any] = iter(ends.shift(1, fill_value=0))
    return pl.Series([values[start:end].astype(values.dtype.newbyteorder("<")).tobytes() for start, end in zip(starts, ends, strict=True)])
