"""Mass deletions wait for a person; moves and small removals do not."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import PolicySettings
from governance.withhold import Removals, withhold

SCHEMA = {"document_id": pl.String, "version_id": pl.String}


def _frame(documents: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(documents.items()), schema=SCHEMA, orient="row")


def _removals(listed, known, *, documents=10, share=0.1, approved=()) -> Removals:
    how = PolicySettings(withhold_documents=documents, withhold_share=share)
    return withhold(_frame(listed), _frame(known), how, approved=frozenset(approved))


MANY = {f"d{place:03}": f"v{place}" for place in range(100)}


def _without(count: int) -> dict[str, str]:
    return dict(list(MANY.items())[count:])


def test_a_few_removals_go_at_once_and_one_too_many_waits():
    assert len(_removals(_without(10), MANY).removed) == 10
    assert _removals(_without(11), MANY) == Removals(removed=(), withheld=tuple(MANY)[:11], moved=())


def test_both_limits_must_be_passed():
    assert _removals(_without(11), MANY, share=0.11).withheld == ()
    assert _removals(_without(11), MANY, documents=11).withheld == ()
    assert len(_removals({}, dict(list(MANY.items())[:10])).removed) == 10


def test_a_source_that_lists_nothing_is_withheld_whole_until_approved():
    assert _removals({}, MANY).withheld == tuple(MANY)
    assert _removals({}, MANY, approved=MANY).removed == tuple(MANY)
    some = tuple(MANY)[:50]
    part = _removals({}, MANY, approved=some)
    assert (part.removed, part.withheld) == (some, tuple(MANY)[50:])


def test_renaming_every_document_removes_nothing():
    renamed = {f"new{name}": version for name, version in MANY.items()}
    result = _removals(renamed, MANY)
    assert (result.removed, result.withheld) == ((), ())
    assert result.moved == tuple((name, f"new{name}") for name in MANY)


def test_a_copy_that_was_there_before_is_not_where_its_twin_moved_to():
    known = {"a": "same", "b": "same"}
    assert _removals({"b": "same"}, known) == Removals(removed=("a",), withheld=(), moved=())


def test_a_document_may_move_over_another_but_two_cannot_move_into_one():
    assert _removals({"b": "one"}, {"a": "one", "b": "two"}).moved == (("a", "b"),)
    assert _removals({"c": "one"}, {"a": "one", "b": "one"}) == Removals(removed=("b",), withheld=(), moved=(("a", "c"),))


def test_a_document_that_could_not_be_read_is_no_destination():
    assert _removals({"b": None}, {"a": "one"}).removed == ("a",)


DOCUMENTS = st.dictionaries(st.sampled_from("abcdefghijkl"), st.sampled_from("123456"), max_size=12)


@settings(deadline=None, max_examples=150)
@given(
    listed=DOCUMENTS,
    known=DOCUMENTS,
    documents=st.integers(0, 4),
    share=st.floats(0, 1),
    approved=st.frozensets(st.sampled_from("abcdefghijkl")),
)
def test_every_vanished_document_is_in_exactly_one_state(listed, known, documents, share, approved):
    result = _removals(listed, known, documents=documents, share=share, approved=approved)
    moved = [old for old, _ in result.moved]
    assert sorted([*result.removed, *result.withheld, *moved]) == sorted(known.keys() - listed.keys())
    assert not approved.intersection(result.withheld)
    assert all(known[old] == listed[new] and known.get(new) != listed[new] for old, new in result.moved)
    assert len({new for _, new in result.moved}) == len(moved)
    assert not result.withheld or len(result.withheld) > max(documents, share * len(known))
    assert set(result.withheld) == set() or set(result.removed) <= approved
    everything = _removals(listed, known, documents=documents, share=share, approved=known)
    assert (everything.withheld, everything.moved) == ((), result.moved)
    backwards = _removals(
        dict(reversed(listed.items())), dict(reversed(known.items())), documents=documents, share=share, approved=approved
    )
    assert backwards == result
