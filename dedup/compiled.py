"""How functions become machine code: by numba, kept for later processes where there is a place for it."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy.typing as npt
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, /) -> Function:
    """The function, compiled when it is first called; kept beside its file, else in the user's cache, else not at all."""
    try:
        made: Any = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba found no folder to write to
        made = njit(nogil=True)(function)
    return cast(Function, made)


def read_only(array: npt.NDArray[Any], /) -> npt.NDArray[Any]:
    """A view that cannot be written through. Whether an array can is part of its type, and each type is compiled for itself."""
    view = array.view()
    view.flags.writeable = False
    return view
