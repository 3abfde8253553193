"""Terms in force are the source's, overridden key by key by the document's own, without a person's name in them."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ids import Identity
from contracts.terms import Terms
from governance.terms import effective_terms, seal_subjects

ME = Identity(b"pepper")


def _manifest(*rows: tuple[str, dict | str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "document_id": f"d{place}",
                "version_id": "v",
                "source_id": source,
                "uri": f"{place}.txt",
                "terms": terms if isinstance(terms, str) else json.dumps(terms),
                "terms_problem": problem,
                "redacted": [],
                "state": "present",
            }
            for place, (source, terms, problem) in enumerate(rows)
        ],
        schema_overrides={"terms_problem": pl.String, "redacted": pl.List(pl.String)},
    )


def test_own_terms_override_the_sources_key_by_key():
    sources = {"s": Terms(title="Source", purposes=("a", "b"), groups=("hr",), classification="internal", retention_days=10)}
    merged = effective_terms(_manifest(("s", {"purposes": ["c"], "date": "2025-01-01"}, None), ("s", {}, None)), sources, ME)
    own, plain = merged.iter_rows(named=True)
    assert (own["title"], own["purposes"], own["groups"], own["classification"]) == ("Source", ["c"], ["hr"], "internal")
    assert own["expires_at"] == int(datetime(2025, 1, 11, tzinfo=UTC).timestamp())
    assert (plain["purposes"], plain["date"], plain["expires_at"], plain["retention_days"]) == (["a", "b"], None, 0, 10)
    assert (own["document_id"], own["uri"], own["date"]) == ("d0", "0.txt", date(2025, 1, 1))


def test_the_earlier_of_two_ends_counts_and_none_in_the_past_becomes_never():
    both = {"expires_at": "2025-01-05T00:00:00Z", "date": "2025-01-01", "retention_days": 30}
    ancient = {"expires_at": "1970-01-01T00:00:00Z"}
    older = {"expires_at": "1900-01-01T00:00:00Z"}
    merged = effective_terms(_manifest(*(("s", terms, None) for terms in (both, ancient, older))), {"s": Terms()}, ME)
    assert merged["expires_at"].to_list() == [int(datetime(2025, 1, 5, tzinfo=UTC).timestamp()), 1, 1]


@pytest.mark.parametrize(
    ("source", "terms", "problem", "says"),
    [
        ("s", {}, "sidecar is not YAML", "sidecar is not YAML"),
        ("gone", {}, None, 'source "gone" is not in the settings'),
        ("s", {"classification": "very secret Bob"}, None, "classification: Input should be"),
        ("s", {"unknown": 1}, None, "unknown: Extra inputs are not permitted"),
        ("s", "{not json", None, "stored terms cannot be read"),
        ("s", "[1]", None, "stored terms cannot be read"),
        ("s", {"date": "9999-12-31", "retention_days": 400}, None, "stored terms cannot be read"),
    ],
)
def test_terms_that_cannot_be_read_state_a_problem_and_nothing_else(source, terms, problem, says):
    rows = _manifest((source, terms, problem), ("s", {}, None))
    merged = effective_terms(rows, {"s": Terms(title="T", lawful_basis="contract")}, ME).row(0, named=True)
    assert says in merged["terms_problem"]
    assert "Bob" not in merged["terms_problem"]
    assert merged["lawful_basis"] is merged["purposes"] is merged["title"] is None


def test_people_are_stored_as_keys_and_never_in_clear():
    sealed = seal_subjects({"title": "T", "subjects": ["Bob", "ann@x.org"]}, ME)
    assert sealed == {"title": "T", "subject_keys": sorted([ME.subject("bob"), ME.subject("ann@x.org")])}
    assert seal_subjects(sealed, ME) == sealed
    assert seal_subjects({"title": "T"}, ME) == {"title": "T"}
    assert seal_subjects({"subjects": "Bob; ann@x.org"}, ME)["subject_keys"] == sealed["subject_keys"]


def test_a_document_that_names_people_overrides_its_source_and_sealing_changes_nothing():
    sources = {"s": Terms(subjects=("Source Person",)), "t": Terms()}
    stated = {"subjects": ["Bob"]}
    rows = _manifest(
        ("s", seal_subjects(stated, ME), None), ("s", stated, None), ("s", {}, None), ("s", {"subjects": []}, None), ("t", {}, None)
    )
    keys = effective_terms(rows, sources, ME)["subject_keys"].to_list()
    assert keys == [[ME.subject("Bob")], [ME.subject("Bob")], [ME.subject("Source Person")], [], []]


def test_an_empty_manifest_gives_the_same_columns():
    filled = effective_terms(_manifest(("s", {}, None)), {"s": Terms()}, ME)
    assert effective_terms(_manifest(("s", {}, None)).clear(), {"s": Terms()}, ME).schema == filled.schema


TERMS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(max_size=5),
        "purposes": st.lists(st.sampled_from(["a", "b"]), max_size=2),
        "subjects": st.lists(st.text(min_size=1, max_size=4), max_size=2),
        "classification": st.sampled_from(["public", "restricted"]),
        "retention_days": st.integers(1, 1000),
        "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(str),
    },
)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(st.sampled_from("stx"), TERMS, st.sampled_from([None, None, "bad"])), max_size=8), general=TERMS)
def test_each_row_keeps_its_place_and_is_merged_as_if_alone(rows, general):
    sources = {"s": Terms.model_validate(general), "t": Terms()}
    together = effective_terms(_manifest(*rows), sources, ME) if rows else None
    for place, row in enumerate(rows):
        alone = effective_terms(_manifest(row), sources, ME).drop("document_id", "uri")
        assert together is not None
        assert together[place].drop("document_id", "uri").equals(alone)
        assert together["document_id"][place] == f"d{place}"
