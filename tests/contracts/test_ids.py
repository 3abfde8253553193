"""Ids: opaque, keyed, and never the same for two different things."""

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ids import ID_PATTERN, Identity, bucket, fingerprint

IDENTITY = Identity(b"p" * 32)
texts = st.text(max_size=20)
names = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=3)
quick = settings(deadline=None, max_examples=60)


@given(texts, texts)
@quick
def test_ids_of_different_kinds_never_meet_though_their_parts_are_equal(left: str, right: str) -> None:
    ids = [
        IDENTITY.document(left, right),
        IDENTITY.content(left, right),
        IDENTITY.version(left.encode()),
        IDENTITY.text(left),
        IDENTITY.content(left),
        IDENTITY.subject(left),
        IDENTITY.chunk(left, right, 0),
        IDENTITY.access((left,), right, ()),
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(ID_PATTERN, each) for each in ids)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
@quick
def test_parts_are_told_apart_wherever_they_are_cut(one: list[str], other: list[str]) -> None:
    assert (IDENTITY.content(*one) == IDENTITY.content(*other)) == (one == other)


def test_a_cut_elsewhere_is_another_id() -> None:
    assert IDENTITY.document("ab", "c") != IDENTITY.document("a", "bc")
    assert IDENTITY.content("ab", "") != IDENTITY.content("", "ab") != IDENTITY.content("ab")


@given(texts)
@quick
def test_another_pepper_gives_another_id_and_an_equal_one_the_same(text: str) -> None:
    assert Identity(b"p" * 32).text(text) == IDENTITY.text(text) != Identity(b"q" * 32).text(text)


def test_the_pepper_is_never_printed() -> None:
    assert "p" * 4 not in repr(IDENTITY)


@given(st.text(min_size=1, max_size=20))
@quick
def test_a_person_is_one_whatever_the_case_the_outer_space_and_the_unicode_form(name: str) -> None:
    key = IDENTITY.subject(name)
    assert IDENTITY.subject(f" {name}\t") == key
    assert IDENTITY.subject(unicodedata.normalize("NFD", name)) == IDENTITY.subject(unicodedata.normalize("NFC", name))
    assert IDENTITY.subject(name.casefold()) == key


def test_people_with_accents_are_one_in_every_spelling_of_the_same_letters() -> None:
    spellings = [
        "Nguyễn.Thị.Lan@Coop.example",
        unicodedata.normalize("NFD", "NGUYỄN.THỊ.LAN@COOP.EXAMPLE "),
        " nguyễn.thị.lan@coop.example",
    ]
    assert len({IDENTITY.subject(spelling) for spelling in spellings}) == 1
    assert IDENTITY.subject("nguyen.thi.lan@coop.example") != IDENTITY.subject(spellings[0])


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4), st.randoms())
@quick
def test_the_order_of_groups_and_purposes_does_not_matter(groups: list[str], purposes: list[str], random: object) -> None:
    shuffled = list(groups)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert IDENTITY.access(tuple(shuffled), "public", tuple(purposes)) == IDENTITY.access(tuple(groups), "public", tuple(purposes[::-1]))


@given(
    st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=3), st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=3)
)
@quick
def test_other_groups_are_another_access_key_whatever_characters_they_are_made_of(one: list[str], other: list[str]) -> None:
    same = sorted(one) == sorted(other)
    assert (IDENTITY.access(tuple(one), "public", ()) == IDENTITY.access(tuple(other), "public", ())) == same


def test_a_group_named_with_a_null_is_not_two_groups() -> None:
    assert IDENTITY.access(("a\0b",), "public", ()) != IDENTITY.access(("a", "b"), "public", ())


@given(texts, st.integers(0, 5), st.integers(0, 5))
@quick
def test_equal_texts_of_a_document_are_told_apart_by_their_occurrence_alone(text: str, one: int, other: int) -> None:
    assert (IDENTITY.chunk("d", text, one) == IDENTITY.chunk("d", text, other)) == (one == other)


@given(texts, st.integers(1, 1024))
@quick
def test_every_document_has_its_bucket_within_the_range(uri: str, buckets: int) -> None:
    assert 0 <= bucket(IDENTITY.document("s", uri), buckets) < buckets


@given(st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), st.one_of(st.integers(), texts, st.none()), max_size=4))
@quick
def test_a_fingerprint_depends_on_stage_and_settings_and_not_on_their_order(values: dict[str, object]) -> None:
    values.pop("stage", None)
    reordered = dict(reversed(values.items()))
    assert fingerprint("chunk", **values) == fingerprint("chunk", **reordered) != fingerprint("clean", **values)
    assert fingerprint("chunk", **values) != fingerprint("chunk", **values, more=1)
