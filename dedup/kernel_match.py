"""Pairs of sets with a band in common and a Jaccard similarity of at least a threshold, by numba.

A band that few texts share is gone through pair by pair. In a crowded one, where that would be quadratic, two texts are compared only if
they share one of their rarest shingles: sets of a and b shingles that overlap in at least t(a) = ceil(threshold * a) and t(b) must meet
among the first a - t(a) + 1 and b - t(b) + 1 of them, in whatever order, as long as it is the same for all (Chaudhuri et al. 2006,
Bayardo et al. 2007). The order by rarity makes what all of them share come last. So no pair is lost to the guard.
"""

from typing import Any

import numpy as np

from dedup.compiled import compiled

_MOST_BUCKETS = 1 << 20


@compiled
def _needed(one: Any, other: Any, threshold: Any) -> Any:
    """The fewest common shingles with which sets of these sizes reach the threshold; more than there are if none do."""
    if min(one, other) == 0:
        return 1
    common: Any = max(np.int64(threshold * (one + other) / (1.0 + threshold)) - 2, 0)
    while common < min(one, other) and common / (one + other - common) < threshold:
        common += 1
    return common if common / (one + other - common) >= threshold else one + other


@compiled
def _common(one: Any, other: Any, needed: Any) -> Any:
    """How many values two sorted sets share; -1 as soon as it cannot be `needed` any more."""
    spare_one, spare_other = len(one) - needed, len(other) - needed
    if spare_one < 0 or spare_other < 0:
        return -1
    at, there, found = 0, 0, 0
    while at < len(one) and there < len(other):
        if one[at] == other[there]:
            at, there, found = at + 1, there + 1, found + 1
        elif one[at] < other[there]:
            at, spare_one = at + 1, spare_one - 1
            if spare_one < 0:
                return -1
        else:
            there, spare_other = there + 1, spare_other - 1
            if spare_other < 0:
                return -1
    return found if found >= needed else -1


@compiled
def slots_of(bands: Any) -> Any:
    """The slot of each entry in a table of distinct bands, and how many entries each slot has."""
    size = 16
    while size < 2 * len(bands):
        size *= 2
    values, counts = np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    found = np.empty(len(bands), dtype=np.int64)
    for entry in range(len(bands)):
        slot = bands[entry] & (size - 1)
        while counts[slot] and values[slot] != bands[entry]:
            slot = (slot + 1) & (size - 1)
        values[slot] = bands[entry]
        counts[slot] += 1
        found[entry] = slot
    return found, counts


@compiled
def _bucket(shingle: Any, buckets: Any) -> Any:
    return np.int64(shingle & np.uint64(len(buckets) - 1))


@compiled
def rarest(shingles: Any, seen: Any, threshold: Any) -> Any:
    """As many of the rarest shingles as must hold one that is shared. Of equally rare ones the lesser first, as they stand."""
    size = len(shingles)
    if size == 0:
        return shingles
    least: Any = np.int64(threshold * size)
    while least < 1 or least / size < threshold:
        least += 1
    counts = np.empty(size, dtype=np.int64)
    for place in range(size):
        counts[place] = seen[_bucket(shingles[place], seen)]
    return shingles[np.argsort(counts, kind="mergesort")[: size - least + 1]]


@compiled
def share_a_band(one: Any, other: Any) -> Any:
    for left in range(len(one)):
        for right in range(len(other)):
            if one[left] == other[right]:
                return True
    return False


@compiled
def find_crowded(slots: Any, counts: Any, band_ends: Any, crowd: Any) -> Any:
    """Which texts have a band that more than `crowd` have."""
    crowded = np.zeros(len(band_ends) - 1, dtype=np.bool_)
    for text in range(len(crowded)):
        for entry in range(band_ends[text], band_ends[text + 1]):
            crowded[text] |= counts[slots[entry]] > crowd
    return crowded


@compiled
def count_shingles(shingles: Any, ends: Any, crowded: Any) -> Any:
    """How often each shingle is seen in crowded texts, by buckets, and how many shingles these have."""
    total = 0
    for text in range(len(crowded)):
        total += (ends[text + 1] - ends[text]) * crowded[text]
    size = 16
    while size < min(total, _MOST_BUCKETS):
        size *= 2
    seen = np.zeros(size, dtype=np.int64)
    for text in range(len(crowded)):
        if crowded[text]:
            for place in range(ends[text], ends[text + 1]):
                seen[_bucket(shingles[place], seen)] += 1
    return seen, total


@compiled
def meet_by_band(text: Any, slots: Any, counts: Any, crowd: Any, heads: Any, following: Any, owners: Any, met: Any, mates: Any) -> Any:
    """Those before it that share one of the bands in `slots` that is not crowded, into `mates`; how many."""
    filled = 0
    for place in range(len(slots)):
        entry = heads[slots[place]] if counts[slots[place]] <= crowd else -1
        while entry >= 0:
            other, entry = owners[entry], following[entry]
            if met[other] != text:
                met[other] = text
                mates[filled] = other
                filled += 1
    return filled


@compiled
def meet_by_shingle(text: Any, rare: Any, heads: Any, following: Any, owners: Any, values: Any, met: Any, mates: Any) -> Any:
    """Those before it that share one of the shingles in `rare`, into `mates`; how many."""
    filled = 0
    for place in range(len(rare)):
        entry = heads[_bucket(rare[place], heads)]
        while entry >= 0:
            other, same, entry = owners[entry], values[entry] == rare[place], following[entry]
            if same and met[other] != text:
                met[other] = text
                mates[filled] = other
                filled += 1
    return filled


@compiled
def similarity(one: Any, other: Any, threshold: Any) -> Any:
    """Of two sets, or -1 below the threshold."""
    found = _common(one, other, _needed(len(one), len(other), threshold))
    return found / (len(one) + len(other) - found) if found >= 0 else -1.0


@compiled
def enter(slots: Any, heads: Any, following: Any, first: Any) -> None:
    """The entries from `first` on, one a slot, at the head of their slots' chains."""
    for place in range(len(slots)):
        following[first + place] = heads[slots[place]]
        heads[slots[place]] = first + place


@compiled
def match_sets(
    shingles: Any, ends: Any, bands: Any, band_ends: Any, apart: Any, since: Any, threshold: Any, crowd: Any
) -> tuple[Any, Any, Any]:
    """Pairs (a, b) of texts, b < a and since <= a, and their similarity; sets and bands stand one after another.

    Of two texts that are both `apart` no pair is made.
    """
    texts = len(ends) - 1
    slots, counts = slots_of(bands)
    heads, following, owners = np.full(len(counts), -1, np.int64), np.empty(len(bands), np.int64), np.empty(len(bands), np.int64)
    crowded = find_crowded(slots, counts, band_ends, crowd)
    seen, total = count_shingles(shingles, ends, crowded)
    rare_heads, rare_following, rare_owners = np.full(len(seen), -1, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    rare_values, rare_filled = np.empty(total, np.uint64), 0
    met, mates = np.full(texts, -1, np.int64), np.empty(texts, np.int64)
    a, b, similar, filled = np.empty(1_024, np.int64), np.empty(1_024, np.int64), np.empty(1_024, np.float64), 0
    for text in range(texts):
        first, last = band_ends[text], band_ends[text + 1]
        own = shingles[ends[text] : ends[text + 1]]
        rare = rarest(own, seen, threshold) if crowded[text] else own[:0]
        count = 0
        if text >= since:
            count = meet_by_band(text, slots[first:last], counts, crowd, heads, following, owners, met, mates)
            count += meet_by_shingle(text, rare, rare_heads, rare_following, rare_owners, rare_values, met, mates[count:])
        for mate in mates[:count]:
            if apart[text] and apart[mate]:
                continue
            found = similarity(own, shingles[ends[mate] : ends[mate + 1]], threshold)
            if found >= 0 and share_a_band(bands[first:last], bands[band_ends[mate] : band_ends[mate + 1]]):
                if filled == len(a):
                    a, b, similar = np.append(a, a), np.append(b, b), np.append(similar, similar)
                a[filled], b[filled], similar[filled] = text, mate, found
                filled += 1
        owners[first:last] = text
        enter(slots[first:last], heads, following, first)
        rare_end = rare_filled + len(rare)
        rare_owners[rare_filled:rare_end], rare_values[rare_filled:rare_end] = text, rare
        enter((rare & np.uint64(len(seen) - 1)).astype(np.int64), rare_heads, rare_following, rare_filled)
        rare_filled = rare_end
    return a[:filled], b[:filled], similar[:filled]
