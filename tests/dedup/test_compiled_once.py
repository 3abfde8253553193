"""Each entrance of the kernel has one type, so that nothing is compiled or loaded twice; and it needs no place to be kept."""

import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from numba import njit
from numba.core.caching import CacheImpl

from dedup.compiled import compiled

SCRIPT = """
import polars as pl
from configs.settings import DedupSettings
import numpy as np
from dedup import kernel, kernel_keep, kernel_match
from dedup.keep import keep_by_kernel
from dedup.match import match_by_kernel
from dedup.minhash import sign_by_kernel
from dedup.sketch import sketch_by_kernel
for texts in (["one text of a few words"], ["two", "texts", ""], ["three " * 300, "Ĥ e\\u0301", "…"], []):
    series = pl.concat([pl.Series(texts, dtype=pl.String), pl.Series(texts, dtype=pl.String)])
    for how in (DedupSettings(), DedupSettings(threshold=1, numbers_differ=False)):
        members = sketch_by_kernel(series, how).with_columns(pl.int_range(pl.len()).alias("member"))
        match_by_kernel(members, how.threshold)
        crowd = members.with_columns(pl.lit([0], pl.List(pl.Int64)).alias("bands"), apart=pl.col("member") < 2)
        match_by_kernel(crowd, 0.5, since=1, crowd=0)
        rows = members.select(text="member", kind=pl.lit(0, pl.Int64), expires_at=pl.lit(0, pl.Int64))
        for texts_ in (members, crowd):
            keep_by_kernel(texts_, rows, np.ones((1, 1), dtype=np.bool_), how, crowd=0)
        match_by_kernel(members.filter(pl.col("member") != 1), 0.5)
        sign_by_kernel(members["shingles"], 8)
print([len(one.signatures) for one in (kernel.sketch_bytes, kernel.sign_sets, kernel_match.match_sets, kernel_keep.keep_sets)])
"""


def test_whatever_arrays_come_each_entrance_is_compiled_for_one_type() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 1, 1, 1]\n"


def test_where_nothing_can_be_written_the_code_is_compiled_and_not_kept() -> None:
    with mock.patch.object(CacheImpl, "_locator_classes", []):
        with pytest.raises(RuntimeError, match="cannot cache"):
            njit(cache=True)(_double)
        assert compiled(_double)(21) == 42


def _double(value: int) -> int:
    return value * 2
