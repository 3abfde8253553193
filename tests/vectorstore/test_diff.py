"""The difference of wanted and present."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.diff import diff

SCHEMA = {"chunk_id": pl.String, "document_id": pl.String, "row_hash": pl.String}
frames = st.dictionaries(st.integers(0, 12), st.integers(0, 2), max_size=12).map(
    lambda rows: pl.DataFrame([(f"c{chunk}", f"d{chunk % 4}", f"h{said}") for chunk, said in rows.items()], schema=SCHEMA, orient="row")
)


def _as_dict(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("chunk_id", "row_hash").iter_rows())


@given(frames, frames)
def test_applying_the_difference_to_what_is_present_gives_what_is_wanted(wanted: pl.DataFrame, present: pl.DataFrame) -> None:
    changes = diff(wanted, present)
    state = _as_dict(present)
    for chunk in [*changes.withdrawals["chunk_id"], *changes.leftovers["chunk_id"]]:
        del state[chunk]
    state |= _as_dict(changes.upserts)
    assert state == _as_dict(wanted)


@given(frames)
def test_equal_frames_differ_in_nothing(frame: pl.DataFrame) -> None:
    changes = diff(frame, frame.sample(fraction=1.0, shuffle=True, seed=1))
    assert changes.upserts.height == changes.deletes == 0


@given(frames, frames)
def test_a_document_that_is_still_wanted_loses_no_row_before_its_new_rows_are_there(wanted: pl.DataFrame, present: pl.DataFrame) -> None:
    changes = diff(wanted, present)
    assert not set(changes.withdrawals["document_id"]) & set(wanted["document_id"])
    assert set(changes.leftovers["document_id"]) <= set(wanted["document_id"])


@given(frames, frames)
def test_a_row_that_says_the_same_is_not_written_again(wanted: pl.DataFrame, present: pl.DataFrame) -> None:
    same = _as_dict(wanted).items() & _as_dict(present).items()
    assert not {chunk for chunk, _ in same} & set(diff(wanted, present).upserts["chunk_id"])
