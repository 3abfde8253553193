"""A lake table is a dict of documents: whatever is replaced or forgotten, it holds what the dict would."""

import hashlib
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ContractError, SettingsError, StoreUnavailable
from contracts.ids import bucket
from contracts.tables import Chunk, IndexRow, Manifest, Quarantined
from lake.layers import Lake
from lake.tables import LakeTable

BUCKETS = 3
DOCUMENTS = [hashlib.md5(bytes([number])).hexdigest() for number in range(6)]
SECRET = "Frau Nguyễn owes 4711 euros"


def key(*parts: object) -> str:
    return hashlib.md5(repr(parts).encode()).hexdigest()


def chunks(texts: dict[str, list[str]]) -> pl.DataFrame:
    rows = [
        {
            "bucket": bucket(document, BUCKETS),
            "document_id": document,
            "version_id": key("version"),
            "fingerprint": key("stage"),
            "chunk_id": key(document, ordinal, text),
            "ordinal": ordinal,
            "text": text,
            "heading_path": "",
            "page_start": 4_000_000_000,
            "page_end": 0,
            "char_start": 0,
            "char_end": len(text),
            "element_kind": "text",
            "language": "vi",
            "tokens": 1,
            "text_key": key(text),
            "content_hash": key(text, "content"),
        }
        for document, lines in texts.items()
        for ordinal, text in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=Chunk.create_empty().schema)


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return Lake(tmp_path / "Tài liệu k=v #1", BUCKETS).chunks


lines = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), max_size=3)
replacement = st.dictionaries(st.sampled_from(DOCUMENTS), lines, min_size=1)
step = st.one_of(
    st.tuples(st.just("replace"), replacement),
    st.tuples(st.just("forget"), st.sets(st.sampled_from(DOCUMENTS), min_size=1)),
    st.tuples(st.just("purge"), st.none()),
    st.tuples(st.just("compact"), st.none()),
)


@settings(deadline=None, max_examples=25)
@given(st.lists(step, max_size=6))
def test_any_sequence_of_replacing_and_forgetting_holds_what_a_dict_would(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    folder = tmp_path_factory.mktemp("lake")
    table = Lake(folder, BUCKETS).chunks
    model: dict[str, list[str]] = {}
    for verb, what in steps:
        if verb == "replace":
            table.replace(chunks(what), what)
            model |= what
        elif verb == "forget":
            before = sum(len(model.get(document, ())) for document in what)
            assert table.forget(what).before == before
            model = {document: texts for document, texts in model.items() if document not in what}
        elif verb == "purge":
            assert table.purge() == "purged"
        else:
            table.compact(files_per_bucket=0)
    expected = chunks(model).sort("document_id", "ordinal")
    assert table.read().equals(expected)
    assert table.read().schema == Chunk.create_empty().schema
    some = DOCUMENTS[:2]
    assert table.read(some).equals(expected.filter(pl.col("document_id").is_in(some)))
    assert table.count(DOCUMENTS) == expected.height
    shutil.rmtree(folder)


def test_an_absent_table_is_empty_with_the_columns_of_its_contract(table: LakeTable) -> None:
    assert table.read().equals(Chunk.create_empty())
    assert table.read(DOCUMENTS, columns=["text", "bucket"]).columns == ["text", "bucket"]
    assert table.count(DOCUMENTS) == 0
    assert table.forget(DOCUMENTS).before == 0
    assert table.purge() == "purged"
    assert table.compact() == 0
    assert not table.folder.exists()


@pytest.mark.parametrize("contract", [Manifest, Chunk, IndexRow, Quarantined])
def test_every_type_of_every_contract_comes_back_as_it_was(tmp_path: Path, contract: type[dy.Schema]) -> None:
    table = LakeTable("lake/t", contract, tmp_path, BUCKETS)
    row: dict[str, object] = {}
    for column, dtype in contract.create_empty().schema.items():
        values = {pl.String: "é", pl.Datetime: datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), pl.List: [key("s"), key("t")]}
        row[column] = values.get(type(dtype), 2**31 + 1 if dtype == pl.UInt32 else 7)
    ids = {column for column in row if column.endswith("_id") and column != "source_id"} | {
        "fingerprint",
        "access_key",
        "text_key",
        "content_hash",
    }
    row |= {column: key(column) for column in ids & row.keys()} | {"bucket": bucket(key("document_id"), BUCKETS)}
    row |= {
        column: value for column, value in (("state", "present"), ("consent_state", "granted"), ("row_hash", "a" * 64)) if column in row
    }
    row |= {"char_start": 0, "char_end": 1} if contract is Chunk else {}
    rows = pl.DataFrame([row], schema=contract.create_empty().schema)
    table.replace(rows, [key("document_id")])
    assert table.read().equals(rows)
    assert table.read().schema == rows.schema


def test_the_order_of_rows_does_not_depend_on_the_order_of_writing(tmp_path: Path) -> None:
    texts = {document: ["a", "b"] for document in DOCUMENTS}
    one, two = Lake(tmp_path / "one", BUCKETS).chunks, Lake(tmp_path / "two", BUCKETS).chunks
    one.replace(chunks(texts), texts)
    for document in reversed(DOCUMENTS):
        two.replace(chunks({document: ["a", "b"]}).reverse(), [document])
    assert one.read().equals(two.read())


def test_buckets_and_columns_choose_what_is_read(table: LakeTable) -> None:
    texts = {document: ["a"] for document in DOCUMENTS}
    table.replace(chunks(texts), texts)
    found = [table.read(columns=["document_id"], buckets=[number])["document_id"].to_list() for number in range(BUCKETS)]
    assert sorted(document for documents in found for document in documents) == sorted(DOCUMENTS)
    assert all(bucket(document, BUCKETS) == number for number, documents in enumerate(found) for document in documents)
    assert table.read(buckets=[]).is_empty()
    assert table.read([]).is_empty()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f.drop("language"),
            'lake/silver/chunks: column "language" is missing, contract Chunk wants String. Rebuild with: ragkeep',
        ),
        (lambda f: f.with_columns(language=1), 'column "language" is Int32, contract Chunk wants String'),
        (lambda f: f.with_columns(tokens=pl.lit("7")), 'column "tokens" is String, contract Chunk wants UInt32'),
        (lambda f: f.with_columns(tokens=pl.lit(-1)), 'column "tokens" holds a number out of range, contract Chunk wants UInt32'),
        (lambda f: f.with_columns(extra=1), 'column "extra" is there, contract Chunk wants no such column'),
        (lambda f: f.with_columns(chunk_id=pl.lit(SECRET)), 'column "chunk_id" breaks regex in 1 rows, contract Chunk wants regex'),
        (lambda f: pl.concat([f, f]), 'column "chunk_id" repeats in 2 rows, contract Chunk wants each value once'),
        (lambda f: f.with_columns(text=pl.lit(None)), 'column "text" breaks nullability in 1 rows, contract Chunk wants no nulls'),
        (lambda f: f.with_columns(char_end=99), "together break span_is_as_long_as_text in 1 rows"),
        (lambda f: f.with_columns(bucket=99), 'column "bucket" is another in 1 rows, contract Chunk wants document_id modulo 3'),
    ],
)
def test_rows_that_break_their_contract_are_refused_and_nothing_is_written(table: LakeTable, change, message: str) -> None:  # type: ignore[no-untyped-def]
    rows = chunks({DOCUMENTS[0]: [SECRET]})
    with pytest.raises(ContractError) as caught:
        table.replace(change(rows), DOCUMENTS[:1])
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not table.folder.exists()


def test_integers_of_another_width_are_taken_where_they_fit(table: LakeTable) -> None:
    rows = chunks({DOCUMENTS[0]: ["a"]})
    table.replace(rows.cast({"tokens": pl.Int64, "bucket": pl.Int64}), DOCUMENTS[:1])
    assert table.read().equals(rows)


def test_rows_of_a_document_that_was_not_named_are_refused(table: LakeTable) -> None:
    with pytest.raises(ContractError, match="not among those to replace"):
        table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[1:])


def test_only_opaque_ids_reach_a_predicate(table: LakeTable) -> None:
    for name in ("x' OR '1'='1", "handbook.docx", DOCUMENTS[0].upper(), DOCUMENTS[0] + "\n"):
        with pytest.raises(ValueError, match="128-bit id"):
            table.read([name])


def test_the_files_and_the_log_of_a_purged_table_hold_no_byte_of_what_was_forgotten(table: LakeTable) -> None:
    for document in DOCUMENTS:
        table.replace(chunks({document: [f"{SECRET} {document}"]}), [document])
    gone, kept = DOCUMENTS[:3], DOCUMENTS[3:]
    ids = [row for row in table.read(gone)["chunk_id"]]
    forgotten = table.forget(gone)
    assert (forgotten.copy, forgotten.before, forgotten.after) == ("lake/silver/chunks", 3, 0)
    assert table.purge() == "purged"
    held = pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in table.folder.glob("bucket=*/*.parquet"))
    assert sorted(held["document_id"]) == sorted(kept)
    traces = b"".join(path.read_bytes() for path in table.folder.rglob("*") if path.is_file())
    assert not [name for name in (*gone, *ids) if name.encode() in traces]
    assert table.read(kept).height == 3


def test_the_last_entry_of_a_purged_log_names_no_document_not_even_one_that_never_had_a_row(table: LakeTable) -> None:
    together = [document for document in DOCUMENTS if bucket(document, BUCKETS) == bucket(DOCUMENTS[0], BUCKETS)]
    assert len(together) > 1
    table.replace(chunks({together[0]: ["kept"]}), together)
    assert table.forget(together[1:]).before == 0
    assert table.purge() == "purged"
    traces = b"".join(path.read_bytes() for path in table.folder.rglob("*") if path.is_file())
    assert not [name for name in together[1:] if name.encode() in traces]
    entries = sorted(path.name for path in (table.folder / "_delta_log").iterdir())
    assert table.purge() == "purged"
    assert sorted(path.name for path in (table.folder / "_delta_log").iterdir()) == entries, "a table that is clean is not written"
    assert table.read(columns=["text"])["text"].to_list() == ["kept"]


def test_before_a_purge_the_log_holds_ids_but_never_content(table: LakeTable) -> None:
    table.replace(chunks({DOCUMENTS[0]: [SECRET]}), DOCUMENTS[:1])
    table.replace(chunks({DOCUMENTS[0]: [SECRET + "!"]}), DOCUMENTS[:1])
    log = b"".join(path.read_bytes() for path in (table.folder / "_delta_log").iterdir())
    assert b"Nguy" not in log
    assert b"4711" not in log
    assert DOCUMENTS[0].encode() in log


def test_a_purge_that_cannot_delete_a_file_says_pending(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    table.replace(chunks({DOCUMENTS[0]: [SECRET]}), DOCUMENTS[:1])
    table.forget(DOCUMENTS)
    monkeypatch.setattr("deltalake.DeltaTable.vacuum", lambda *_, **__: [])
    assert table.purge() == "pending"


def test_a_purge_removes_what_a_killed_process_left_unfinished(table: LakeTable) -> None:
    table.replace(chunks({document: ["a"] for document in DOCUMENTS}), DOCUMENTS)
    data = next(table.folder.glob("bucket=*/*.parquet"))
    for stray in (data.with_name("part-1.parquet"), data.with_name("part-2.parquet#1"), table.folder / "_delta_log" / "_commit_1.json.tmp"):
        stray.write_bytes(SECRET.encode())
    assert table.purge() == "purged"
    assert not [path for path in table.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert table.count(DOCUMENTS) == len(DOCUMENTS)


def test_replacing_documents_with_nothing_that_hold_nothing_commits_nothing(table: LakeTable) -> None:
    table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])
    before = sorted(path.name for path in table.folder.rglob("*"))
    table.replace(Chunk.create_empty(), DOCUMENTS[1:])
    assert sorted(path.name for path in table.folder.rglob("*")) == before


def test_compacting_joins_small_files_and_changes_no_row(table: LakeTable) -> None:
    for document in DOCUMENTS:
        table.replace(chunks({document: ["a", "b"]}), [document])
    before = table.read()
    assert table.compact() == 0
    assert table.compact(files_per_bucket=1) == len(DOCUMENTS) - len({bucket(document, BUCKETS) for document in DOCUMENTS})
    assert table.read().equals(before)


def test_a_writer_that_was_overtaken_writes_again(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    import lake.delta

    table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])
    write, overtaken = lake.delta.write_deltalake, []

    def overtake(opened, rows, **how):  # type: ignore[no-untyped-def]
        if not overtaken:
            overtaken.append(True)
            table.replace(chunks({DOCUMENTS[0]: ["from the other", "writer"]}), DOCUMENTS[:1])
        write(opened, rows, **how)

    monkeypatch.setattr(lake.delta, "write_deltalake", overtake)
    table.replace(chunks({DOCUMENTS[0]: ["b"]}), DOCUMENTS[:1])
    assert table.read()["text"].to_list() == ["b"]


def test_a_table_made_with_another_number_of_buckets_is_refused(tmp_path: Path) -> None:
    Lake(tmp_path, BUCKETS).chunks.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])
    with pytest.raises(SettingsError, match=r"stores.buckets: lake/silver/chunks was made with 3, the settings say 8"):
        Lake(tmp_path, 8).chunks.read()


def test_a_table_written_under_another_contract_names_the_column_and_the_way_out(table: LakeTable) -> None:
    table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])
    other = LakeTable("lake/silver/chunks", Quarantined, table.folder, BUCKETS)
    with pytest.raises(
        ContractError, match=r'column "bucket"|column ".*" is stored as .*, contract Quarantined wants .* Rebuild with: ragkeep'
    ):
        other.read()


def test_a_table_from_before_a_column_that_may_be_null_is_read_with_nulls_and_gets_the_column_with_its_next_row(tmp_path: Path) -> None:
    class Before(dy.Schema):
        bucket = dy.Int32(min=0)
        document_id = dy.String(primary_key=True)

    class After(Before):
        place = dy.List(dy.Float64(), nullable=True)

    old = pl.DataFrame([(bucket(name, BUCKETS), name) for name in DOCUMENTS], schema=Before.create_empty().schema, orient="row")
    LakeTable("lake/test", Before, tmp_path / "t", BUCKETS).replace(old, DOCUMENTS)
    table = LakeTable("lake/test", After, tmp_path / "t", BUCKETS)
    assert table.read()["place"].to_list() == [None] * len(DOCUMENTS)
    new = old.head(1).with_columns(place=pl.Series([[0.0, 0.5]], dtype=pl.List(pl.Float64)))
    table.replace(new, DOCUMENTS[:1])
    assert dict(table.read().select("document_id", "place").iter_rows()) == {name: None for name in DOCUMENTS[1:]} | {
        DOCUMENTS[0]: [0.0, 0.5]
    }
    assert table.compact(files_per_bucket=0) >= 0
    assert table.read().height == len(DOCUMENTS)


def test_a_damaged_table_is_an_error_and_never_looks_empty(table: LakeTable, caplog: pytest.LogCaptureFixture) -> None:
    table.replace(chunks({DOCUMENTS[0]: [SECRET]}), DOCUMENTS[:1])
    log = table.folder / "_delta_log" / f"{0:020}.json"
    log.write_text('{"add":')
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailable, match="Is the disk full, or was its _delta_log altered"):
        table.read()
    assert SECRET not in caplog.text


def test_a_missing_data_file_is_an_error_and_never_looks_empty(table: LakeTable) -> None:
    table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])
    next(table.folder.glob("bucket=*/*")).unlink()
    with pytest.raises(StoreUnavailable, match="Is the folder there"):
        table.read()


def test_a_folder_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    table = Lake(tmp_path / "file", BUCKETS).chunks
    with pytest.raises(StoreUnavailable):
        table.read()
    with pytest.raises(StoreUnavailable):
        table.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])


@pytest.mark.parametrize("name", ["[a]", "a|b", "a^b", "a%20b", "a\\b"])
def test_a_path_that_the_client_would_misread_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="Move the workspace to a plainer path"):
        Lake(tmp_path / name, BUCKETS).chunks.replace(chunks({DOCUMENTS[0]: ["a"]}), DOCUMENTS[:1])


def test_a_contract_with_a_type_that_would_not_come_back_is_refused(tmp_path: Path) -> None:
    class Vectors(dy.Schema):
        bucket = dy.Int32()
        document_id = dy.String()
        vector = dy.Array(dy.Float32(), 2)

    rows = pl.DataFrame([{"bucket": 0, "document_id": "0" * 32, "vector": [1.0, 2.0]}], schema=Vectors.create_empty().schema)
    with pytest.raises(TypeError, match=r"Vectors\.vector: a Delta table does not give"):
        LakeTable("lake/t", Vectors, tmp_path, 1).replace(rows, ["0" * 32])


def test_every_table_of_the_lake_is_on_the_list_of_copies(tmp_path: Path) -> None:
    lake = Lake(tmp_path, BUCKETS)
    tables = [getattr(lake, name) for name in dir(Lake) if isinstance(getattr(lake, name), LakeTable)]
    assert {table.name for table in lake.copies} == {table.name for table in tables}
    assert len({table.folder for table in lake.copies}) == len(lake.copies) == 7
