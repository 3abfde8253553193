"""The page on formats is about every format that is read, and about no other."""

from parsing.detect import _BY_NAME
from parsing.formats import FORMATS
from parsing.read import _PAGE_READERS, _READERS
from parsing.second_reader import _READERS as SECOND_READERS
from scripts.docs_formats import format_reference


def test_every_format_that_is_read_or_told_by_name_is_described_once() -> None:
    described = [name for one in FORMATS for name in one.names]
    assert sorted(described) == sorted({*_READERS, *_PAGE_READERS})
    assert set(_BY_NAME.values()) <= set(described)


def test_the_page_names_a_second_reader_exactly_where_there_is_one() -> None:
    counted = {name for one in FORMATS if one.counted_by for name in one.names}
    assert counted == {*SECOND_READERS, "pdf"}


def test_every_name_by_which_a_format_is_told_is_on_the_page() -> None:
    page = format_reference()
    assert [suffix for suffix in _BY_NAME if f"`{suffix}`" not in page] == []
