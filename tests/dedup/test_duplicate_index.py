import hashlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from configs.settings import DedupSettings
from contracts.errors import UsageError
from contracts.ports import DerivedCopy
from dedup.find import find_duplicates, find_near_duplicates
from dedup.resolve import resolve
from ledger.database import open_sqlite
from ledger.duplicates import DuplicateIndex

HOW = DedupSettings(threshold=0.4, shingle_words=2, bands=20, rows=2)
SENTENCES = [
    "the lease ends in may",
    "all keys return to the owner",
    "rent is due each month",
    "pets are not allowed",
    "the garden stays open",
]


def _key(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _texts(*pairs: tuple[str, str]) -> pl.DataFrame:
    rows = [(_key(said), document, said) for document, said in pairs]
    return pl.DataFrame(rows, {"text_key": pl.String, "document_id": pl.String, "text": pl.String}, orient="row")


def _rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = ("member", "band", "edge", "owner")
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def _by_find(texts: pl.DataFrame, how: DedupSettings = HOW) -> pl.DataFrame:
    return find_near_duplicates(texts.unique("text_key"), how, id="text_key")


@pytest.fixture
def engine(new_database: Callable[[], Engine]) -> Engine:
    return new_database()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "duplicates.db"


@pytest.fixture
def index(engine: Engine) -> DuplicateIndex:
    return DuplicateIndex(engine, HOW)


ONE = ("d1", "the lease ends in may and the garden stays open")
TWO = ("d2", "the lease ends in may and the garden stays shut")
OTHER = ("d3", "bees keep warm by shivering in winter")


def test_it_is_a_derived_copy(index: DuplicateIndex) -> None:
    copy: DerivedCopy = index
    assert copy.name == "duplicate index"


def test_a_text_is_compared_once_and_then_known(index: DuplicateIndex) -> None:
    texts = _texts(ONE, TWO, OTHER)
    assert index.missing(texts["text_key"]) == set(texts["text_key"])
    assert index.add(texts) == 3
    assert index.missing([*texts["text_key"], "new"]) == {"new"}
    (edge,) = index.edges().rows(named=True)
    assert {edge["a"], edge["b"]} == {_key(ONE[1]), _key(TWO[1])}
    assert edge["jaccard"] == 8 / 10
    assert edge["same_numbers"]


def test_doing_everything_twice_changes_nothing(index: DuplicateIndex, engine: Engine) -> None:
    texts = _texts(ONE, TWO, OTHER)
    index.add(texts)
    once, edges = _rows(engine), index.edges()
    assert index.add(texts) == 0
    index.replace(texts, ["d1", "d2", "d3"])
    assert index.own(texts, ["d1", "d2", "d3"]) == 0
    assert _rows(engine) == once
    assert index.edges().equals(edges)


def test_edges_of_some_texts_are_those_with_an_end_there(index: DuplicateIndex) -> None:
    index.add(_texts(ONE, TWO, OTHER))
    assert index.edges([_key(ONE[1])]).equals(index.edges([_key(TWO[1])]))
    assert index.edges([_key(ONE[1]), _key(TWO[1])]).height == 1
    assert index.edges([_key(OTHER[1]), "unknown"]).is_empty()


def test_forgetting_a_document_leaves_what_another_still_says(index: DuplicateIndex) -> None:
    index.add(_texts(ONE, TWO, ("d1", OTHER[1]), OTHER))
    assert index.count(["d1"]) == 2
    forgotten = index.forget(["d1", "unknown"])
    assert (forgotten.copy, forgotten.before, forgotten.after, forgotten.shared) == ("duplicate index", 2, 0, 1)
    assert index.missing([_key(ONE[1]), _key(TWO[1]), _key(OTHER[1])]) == {_key(ONE[1])}
    assert index.edges().is_empty()


def test_an_edited_document_lets_go_of_the_texts_it_no_longer_says(index: DuplicateIndex, engine: Engine) -> None:
    index.add(_texts(ONE, ("d1", OTHER[1]), TWO))
    assert index.own(_texts(ONE, OTHER), ["d1"]) == 1
    assert index.count(["d1"]) == 1
    assert index.count(["d2"]) == 1
    assert index.count(["d3"]) == 0
    assert _rows(engine)["member"] == 2
    index.replace(_texts(), ["d1"])
    assert index.missing([_key(ONE[1])])


def test_a_text_that_is_no_member_cannot_be_owned(index: DuplicateIndex) -> None:
    index.add(_texts(ONE))
    with pytest.raises(UsageError, match="1 texts are owned but are not members"):
        index.own(_texts(TWO), ["d1", "d2"])
    assert (index.count(["d1"]), index.count(["d2"])) == (1, 0)


def test_other_settings_empty_the_index_and_say_so(index: DuplicateIndex, engine: Engine) -> None:
    assert not index.emptied
    index.add(_texts(ONE))
    index.close()
    same = DuplicateIndex(engine, HOW)
    assert not same.emptied
    assert same.size() == 1
    other = DuplicateIndex(engine, HOW.model_copy(update={"threshold": 0.5}))
    assert other.emptied
    assert other.size() == 0


def test_nothing_of_a_forgotten_text_is_left_in_the_file_after_a_purge(path: Path) -> None:
    index = DuplicateIndex(open_sqlite(path), HOW)
    index.add(_texts(ONE, OTHER))
    with sqlite3.connect(path) as connection:
        (shingles,) = connection.execute("SELECT shingles FROM member WHERE text_key = ?", [_key(ONE[1])]).fetchone()
    connection.close()
    index.forget(["d1"])
    assert index.purge() == "purged"
    left = path.read_bytes()
    assert not [start for start in range(0, len(shingles), 8) if shingles[start : start + 8] in left]
    assert _key(ONE[1]).encode() not in left
    assert _key(OTHER[1]).encode() in left
    index.close()


def test_a_run_killed_in_its_second_batch_keeps_the_first_and_the_next_run_completes_it(path: Path, tmp_path: Path) -> None:
    texts = _texts(ONE, TWO, OTHER, ("d4", "rent is due each month and pets are not allowed"))
    texts.write_parquet(tmp_path / "texts.parquet")
    script = f"""
import sys, pathlib, polars
from configs.settings import DedupSettings
from ledger import duplicates
from ledger.database import open_sqlite
duplicates._TEXTS_AT_ONCE = 2
how = DedupSettings.model_validate_json('{HOW.model_dump_json()}')
duplicates.DuplicateIndex(open_sqlite(pathlib.Path(sys.argv[1])), how).add(polars.read_parquet(sys.argv[2]))
"""
    command = [sys.executable, "-c", script, str(path), str(tmp_path / "texts.parquet")]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], env={"RAGKEEP_KILL_AT": "duplicates.add:2"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    index = DuplicateIndex(open_sqlite(path), HOW)
    assert index.size() == 2
    assert index.count(texts["document_id"]) == 2
    index.add(texts)
    assert index.edges().equals(_by_find(texts))
    index.close()


def test_a_text_without_words_is_a_member_without_edges(index: DuplicateIndex) -> None:
    assert index.add(_texts(("d1", "..."), ("d2", "!!!"))) == 2
    assert index.edges().is_empty()


def test_thousands_of_letters_that_differ_in_a_date_cost_no_comparisons(engine: Engine) -> None:
    index = DuplicateIndex(engine, DedupSettings())
    letter = "Dear customer, your invoice number {} is due and must be paid to our account before the end of the month, thank you"
    index.add(_texts(*((f"d{number}", letter.format(number)) for number in range(6_000))))
    assert index.edges().is_empty()
    assert index.crowd().is_empty()


def test_of_letters_that_are_all_near_few_pairs_are_stored_and_the_decision_is_that_of_comparing_all_at_once(engine: Engine) -> None:
    """Once the index kept every pair: 4,000 letters took 42 seconds to compare, and deciding about them 10 GB."""
    index = DuplicateIndex(engine, DedupSettings())
    said = "we move to another street on the first of the month and ask you to send your letters there from then on with our thanks"
    letters = _texts(*((f"d{number:03}", f"Dear {chr(97 + number % 26) * 3} {chr(97 + number // 26) * 4} {said}") for number in range(400)))
    for batch in letters.iter_slices(50):
        index.replace(batch, batch["document_id"].to_list())
    terms = {"source_priority": 0, "date": None, "classification": 0, "expires_at": 0}
    chunks = letters.select("text_key", chunk_id="document_id").with_columns(
        *(pl.lit(value, pl.Int64).alias(name) for name, value in terms.items()),
        groups=pl.lit([], pl.List(pl.String)),
        purposes=pl.lit(["retrieval"], pl.List(pl.String)),
    )
    decided = resolve(chunks, index.edges(), DedupSettings(), crowd=index.crowd())
    assert index.edges().height < 400 * 100 / 2
    assert decided["representative"].null_count() < 10
    assert decided.rows() == find_duplicates(letters, id="document_id").rows()


TEXT = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" and ".join)
CORPUS = st.lists(st.tuples(st.sampled_from(["d1", "d2", "d3", "d4"]), TEXT), min_size=1, max_size=14)


@given(CORPUS, st.data())
@settings(deadline=None, max_examples=8)
def test_edges_do_not_depend_on_batches_or_order_of_arrival(
    new_database: Callable[[], Engine], corpus: list[tuple[str, str]], data: st.DataObject
) -> None:
    arrival = data.draw(st.permutations(corpus))
    index = DuplicateIndex(new_database(), HOW)
    while arrival:
        size = data.draw(st.integers(1, len(arrival)))
        batch, arrival = arrival[:size], arrival[size:]
        index.add(_texts(*batch))
    assert index.edges().equals(_by_find(_texts(*corpus)))
    index.close()


@given(CORPUS, st.sets(st.sampled_from(["d1", "d2", "d3", "d4"])))
@settings(deadline=None, max_examples=8)
def test_deleting_equals_rebuilding_without_the_deleted(
    new_database: Callable[[], Engine], corpus: list[tuple[str, str]], gone: set[str]
) -> None:
    kept = [pair for pair in corpus if pair[0] not in gone]
    engine, other = new_database(), new_database()
    index, rebuilt = DuplicateIndex(engine, HOW), DuplicateIndex(other, HOW)
    index.add(_texts(*corpus))
    before, forgotten = index.size(), index.forget(gone)
    rebuilt.add(_texts(*kept))
    assert index.edges().equals(rebuilt.edges())
    assert _rows(engine) == _rows(other)
    assert before - index.size() == forgotten.before - forgotten.shared
    index.close()
    rebuilt.close()


@given(CORPUS, CORPUS)
@settings(deadline=None, max_examples=8)
def test_editing_equals_building_the_edited_corpus(
    new_database: Callable[[], Engine], before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    engine, other = new_database(), new_database()
    index, rebuilt = DuplicateIndex(engine, HOW), DuplicateIndex(other, HOW)
    index.add(_texts(*before))
    index.replace(_texts(*after), {document for document, _ in before + after})
    rebuilt.add(_texts(*after))
    assert index.edges().equals(rebuilt.edges())
    assert _rows(engine) == _rows(other)
    index.close()
    rebuilt.close()
