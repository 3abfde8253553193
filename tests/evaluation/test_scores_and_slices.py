"""Questions scored by what was found for them, and sorted into slices by what ought to be."""

import polars as pl
import pytest

from contracts.evaluation import Scored
from evaluation.measures import DOCUMENT_MEASURES, SPAN_MEASURES
from evaluation.score import PASSAGES, score
from evaluation.slices import label
from evaluation.spans import Passage
from evaluation.suite import Asked
from evaluation.summary import by_slice, measures_of, slicings, summarise
from evaluation.uncovered import never_found, uncovered

CHUNKS = {"d": [Passage("d", 0, 10), Passage("d", 10, 20), Passage("d", 20, 30)]}
ROWS = pl.DataFrame(
    {
        "chunk_id": ["c1", "c2", "c3", "c4"],
        "document_id": ["d1", "d1", "d1", "d2"],
        "language": ["en", "vi", "en", ""],
        "source_id": ["handbook", "handbook", "handbook", "wiki"],
        "uri": ["a.MD", "a.MD", "a.MD", "b"],
        "access_key": ["k1", "k1", "k1", "k2"],
        "heading_path": ["", "A", "A > B", ""],
        "char_start": [0, 10, 20, 0],
    }
)


def test_a_question_has_the_measures_of_what_is_expected_of_it() -> None:
    asked = [
        Asked("documents", "?", {"d": 1}),
        Asked("spans", "?", passages=(Passage("d", 5, 15),)),
        Asked("both", "?", {"d": 1}, (Passage("d", 5, 15),)),
    ]
    scored = score(asked, {one.question_id: [Passage("d", 10, 20), Passage("e", 0, 9)] for one in asked}, CHUNKS)
    assert [tuple(one.scores) for one in scored] == [DOCUMENT_MEASURES, SPAN_MEASURES, (*DOCUMENT_MEASURES, *SPAN_MEASURES)]
    spans = scored[1].scores
    assert (spans["span_recall"], spans["precision_omega"]) == (0.5, 0.5)
    assert spans["span_precision"] == pytest.approx(5 / 19)
    assert scored[0].scores["ndcg@10"] == 1.0


def test_only_the_first_passages_count_where_excerpts_are_expected() -> None:
    asked = Asked("q", "?", passages=(Passage("d", 5, 15),))
    far = [Passage("e", place, place + 1) for place in range(PASSAGES)]
    assert score([asked], {"q": [*far, Passage("d", 0, 20)]}, CHUNKS)[0].scores["span_recall"] == 0
    assert score([asked], {}, CHUNKS)[0].scores["span_recall"] == 0


def test_a_question_is_sliced_by_the_documents_that_it_expects() -> None:
    asked = [Asked("one", "?", {"d1": 1, "d2": 0}), Asked("two", "?", {"d1": 1, "d2": 1}), Asked("gone", "?", {"x": 1})]
    asked.append(Asked("span", "?", passages=(Passage("d2", 0, 1),)))
    slices = label(asked, ROWS, {"k1": ("hr", "legal"), "k2": ()})
    assert slices["one"] == {"language": "en", "source": "handbook", "format": "md", "access": "hr+legal"}
    assert slices["two"] == {"language": "several", "source": "several", "format": "several", "access": "several"}
    assert slices["gone"] == dict.fromkeys(slices["one"], "unknown")
    assert slices["span"] == {"language": "unknown", "source": "wiki", "format": "unknown", "access": "everyone"}


def test_a_suites_own_labels_win_over_those_of_its_documents() -> None:
    scored = score([Asked("q", "?", {"d": 1}, slices={"source": "mine"})], {}, {}, slices={"q": {"source": "theirs", "format": "md"}})
    assert scored[0].slices == {"source": "mine", "format": "md"}


def test_a_summary_has_each_measure_over_the_questions_that_have_it_and_slices_hold_each_question_once() -> None:
    scored = [
        Scored("a", {"mrr": 1.0}, {"x": "1", "y": "1"}),
        Scored("b", {"mrr": 0.0, "zeal": 0.5}, {"x": "2", "y": "1"}),
        Scored("c", {}),
    ]
    means = {name: (found.mean, found.questions) for name, found in summarise(scored).items()}
    assert means == {"mrr": (0.5, 2), "zeal": (0.5, 1)}
    assert measures_of(scored) == ("mrr", "zeal")
    assert slicings(scored) == ("x",)
    assert {name: [one.question_id for one in part] for name, part in by_slice(scored, "x").items()} == {"1": ["a"], "2": ["b"]}


def test_what_no_question_expects_and_what_no_search_found_is_the_rest_of_the_index() -> None:
    assert uncovered(ROWS, []).select("document_id", "chunks").rows() == [("d1", 3), ("d2", 1)]
    assert uncovered(ROWS, ["d1"])["document_id"].to_list() == ["d2"]
    assert never_found(ROWS, ["c1", "c4", "other"])["chunk_id"].to_list() == ["c2", "c3"]
    assert never_found(ROWS, ROWS["chunk_id"].to_list()).is_empty()
