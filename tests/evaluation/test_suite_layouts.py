"""Suites on disk: what is read of each layout, and what is said about one that is wrong."""

import json
from pathlib import Path

import pytest

from contracts.errors import UsageError
from evaluation.read import read_suite
from evaluation.spans import Passage

DATA = Path(__file__).parents[3] / "shared" / "data"
CORPUS = [{"_id": "a/1", "title": "Bridges", "text": "An iron bridge."}, {"_id": "b", "text": "A ferry."}]
QUERIES = [{"_id": "q1", "text": "iron?"}, {"_id": "q2", "text": "ferry?"}, {"_id": "q3", "text": "plane?"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\ta/1\t2\nq2\tb\t1\nq3\tb\t0\n"


def lines(path: Path, rows: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")


def beir(folder: Path, *, corpus: list = CORPUS, queries: list = QUERIES, qrels: str = QRELS) -> Path:
    lines(folder / "corpus.jsonl", corpus)
    lines(folder / "queries_test.jsonl", queries)
    if qrels:
        (folder / "qrels_test.tsv").write_text(qrels, encoding="utf-8")
    return folder


def excerpts(folder: Path, **changes: object) -> Path:
    (folder / "corpora").mkdir(parents=True)
    (folder / "corpora" / "town.md").write_text("The bridge is closed. The ferry runs.", encoding="utf-8")
    reference = {"content": "bridge is closed", "start_index": 4, "end_index": 20}
    question = {"qid": 7, "corpus_id": "town", "question": "closed?", "references": [reference]}
    lines(folder / "questions.jsonl", [question | changes])
    return folder


def test_a_beir_suite_is_every_document_and_every_query_with_a_relevant_one(tmp_path: Path) -> None:
    suite = read_suite(beir(tmp_path / "towns"))
    assert suite.name == "towns"
    assert [(one.name, one.file, one.content) for one in suite.documents] == [
        ("a/1", "a%2F1.txt", "Bridges\n\nAn iron bridge."),
        ("b", "b.txt", "A ferry."),
    ]
    assert [(one.question_id, dict(one.grades)) for one in suite.questions] == [("q1", {"a/1": 2}), ("q2", {"b": 1})]
    assert suite.first(1).questions == suite.questions[:1]


def test_a_query_may_name_its_document_itself(tmp_path: Path) -> None:
    suite = read_suite(beir(tmp_path, queries=[{"_id": 1, "text": "iron?", "doc_id": "a/1"}], qrels=""))
    assert [(one.question_id, dict(one.grades)) for one in suite.questions] == [("1", {"a/1": 1})]


def test_ids_of_any_kind_make_file_names(tmp_path: Path) -> None:
    names = ["..", ".hidden", "x" * 300, "tên tài liệu", "a\\b:c", " "]
    suite = read_suite(beir(tmp_path, corpus=[{"_id": name, "text": name} for name in names] + CORPUS))
    files = [one.file for one in suite.documents]
    assert len(set(files)) == len(files)
    assert all(file.endswith(".txt") and len(file) <= 104 and not {"/", "\\"} & set(file) and file[0] not in ". " for file in files)


def test_an_excerpt_suite_is_every_corpus_and_the_places_of_the_excerpts(tmp_path: Path) -> None:
    suite = read_suite(excerpts(tmp_path))
    (asked,) = suite.questions
    assert (asked.question_id, asked.passages, asked.slices) == ("7", (Passage("town", 4, 20),), {"corpus": "town"})
    assert [(one.name, one.file) for one in suite.documents] == [("town", "town.md")]


def test_the_digest_changes_with_what_is_asked_and_that_of_the_corpus_only_with_documents(tmp_path: Path) -> None:
    one, same = read_suite(beir(tmp_path / "a")), read_suite(beir(tmp_path / "b"))
    other = read_suite(beir(tmp_path / "c", qrels=QRELS.replace("\t2", "\t1")))
    assert (one.digest, one.corpus_digest) == (same.digest, same.corpus_digest)
    assert (one.digest != other.digest, one.corpus_digest == other.corpus_digest) == (True, True)
    assert one.first(1).digest != one.digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"corpus": ["{"]}, r"corpus.jsonl, line 1: is not JSON"),
        ({"corpus": ["[1]"]}, r"corpus.jsonl, line 1: is not a JSON object"),
        ({"corpus": [{"_id": "a"}]}, r"corpus.jsonl, line 1: no text under `text`; there are: _id"),
        ({"corpus": [*CORPUS, CORPUS[0]]}, r"corpus.jsonl, line 3: document 'a/1' is there twice"),
        ({"queries": []}, r"no query. They stand in queries.jsonl"),
        ({"qrels": QRELS + "q1\tz\t1\n"}, r"qrels_test.tsv, line 5: document 'z' is not in corpus.jsonl"),
        ({"qrels": QRELS + "zz\tb\t1\n"}, r"qrels name a query 'zz' that no queries\*.jsonl has \(1 such in all\)"),
        ({"qrels": QRELS + "q1 b 1\n"}, r"qrels_test.tsv, line 5: expected query-id, corpus-id and a whole number"),
        ({"qrels": ""}, r"no query has a relevant document"),
    ],
)
def test_what_is_wrong_with_a_beir_suite_is_named_with_its_file_and_line(tmp_path: Path, changes: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_suite(beir(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"corpus_id": "city"}, r"questions.jsonl, line 1: corpora/ has no 'city'; there are: town"),
        ({"references": []}, r"line 1: `references` is no list of excerpts"),
        ({"references": [{"content": "ferry", "start_index": 4, "end_index": 9}]}, r"characters 4 to 9 of town are not the reference's"),
        ({"references": [{"content": "ferry"}]}, r"a reference has content, start_index and end_index"),
    ],
)
def test_what_is_wrong_with_an_excerpt_suite_is_named_with_its_line(tmp_path: Path, changes: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_suite(excerpts(tmp_path, **changes))


def test_a_folder_that_is_no_suite_is_told_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not a suite. A suite is corpus.jsonl with queries"):
        read_suite(tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        read_suite(tmp_path / "absent")


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside this project")
@pytest.mark.parametrize(
    ("name", "documents", "questions"),
    [("scifact", 5183, 809), ("xquad_en", 120, 612), ("xquad_vi", 120, 612), ("chroma_chunking", 3, 317)],
)
def test_public_suites_are_read_whole(name: str, documents: int, questions: int) -> None:
    suite = read_suite(DATA / name)
    assert (len(suite.documents), len(suite.questions)) == (documents, questions)
