"""One thing made ready while the one before is used."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(make: Callable[[Given], Made], given: Iterable[Given], /) -> Iterator[Made]:
    """What is made of each, in order. While the caller has one the next is made by another thread, never more than that one.

    Whatever `make` raises reaches the caller in its place. A caller that stops waits for the one that is being made.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = None
        for each in given:
            following = thread.submit(make, each)
            if coming is not None:
                yield coming.result()
            coming = following
        if coming is not None:
            yield coming.result()
