"""One thing is made ready while the one before is used: in order, one at most, and nothing is lost where either side fails."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.ahead import ahead


@given(items=st.lists(st.integers()))
def test_it_gives_what_a_loop_would_give(items):
    assert list(ahead(lambda item: item * 2, items)) == [item * 2 for item in items]


def test_the_next_is_made_while_the_one_before_is_used_and_not_the_one_after():
    made, second = [], threading.Event()

    def make(item: int) -> int:
        made.append(item)
        if item == 1:
            second.set()
        return item

    each = ahead(make, range(4))
    assert next(each) == 0
    assert second.wait(5), "it is made without being asked for"
    assert made == [0, 1]
    assert list(each) == [1, 2, 3]


def test_an_error_stands_where_its_item_would():
    def make(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    each = ahead(make, range(4))
    assert [next(each), next(each)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(each)
