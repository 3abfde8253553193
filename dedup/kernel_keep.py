"""Which rows are kept, one after another, by numba: as `kernel_match`, but a text is compared only with texts that are kept.

However many texts say nearly the same, few of them are kept, and so the cost follows the texts and not their pairs.
"""

from typing import Any

import numpy as np

from dedup.compiled import compiled
from dedup.kernel_match import (
    count_shingles,
    enter,
    find_crowded,
    meet_by_band,
    meet_by_shingle,
    rarest,
    share_a_band,
    similarity,
    slots_of,
)


@compiled
def _first_covering(row: Any, kept: Any, following: Any, kinds: Any, expires: Any, covers: Any) -> Any:
    """The first of a text's kept rows, `kept` and those that follow it, whose terms cover those of the row; -1 if none do."""
    while kept >= 0 and not (covers[kinds[kept], kinds[row]] and expires[kept] >= expires[row]):
        kept = following[kept]
    return kept


@compiled
def keep_sets(
    shingles: Any,
    ends: Any,
    bands: Any,
    band_ends: Any,
    numbers: Any,
    rows: Any,
    kinds: Any,
    expires: Any,
    covers: Any,
    threshold: Any,
    crowd: Any,
) -> tuple[Any, Any]:
    """For each row the kept row before it that stands for it, else -1, and their similarity; `rows` holds the place of each one's text."""
    texts = len(ends) - 1
    slots, counts = slots_of(bands)
    heads, following, owners = np.full(len(counts), -1, np.int64), np.empty(len(bands), np.int64), np.empty(len(bands), np.int64)
    crowded = find_crowded(slots, counts, band_ends, crowd)
    seen, _ = count_shingles(shingles, ends, crowded)
    rare_heads, rare_following, rare_owners = np.full(len(seen), -1, np.int64), np.empty(1_024, np.int64), np.empty(1_024, np.int64)
    rare_values, rare_filled = np.empty(1_024, np.uint64), 0
    met, mates = np.full(texts, -1, np.int64), np.empty(texts, np.int64)
    first_kept, last_kept, next_kept = np.full(texts, -1, np.int64), np.full(texts, -1, np.int64), np.full(len(rows), -1, np.int64)
    stands, similar = np.full(len(rows), -1, np.int64), np.zeros(len(rows), np.float64)
    for row in range(len(rows)):
        text = rows[row]
        first, last = band_ends[text], band_ends[text + 1]
        own = shingles[ends[text] : ends[text + 1]]
        rare = rarest(own, seen, threshold) if crowded[text] else own[:0]
        count = meet_by_band(row, slots[first:last], counts, crowd, heads, following, owners, met, mates)
        count += meet_by_shingle(row, rare, rare_heads, rare_following, rare_owners, rare_values, met, mates[count:])
        for mate in mates[:count]:
            kept = _first_covering(row, first_kept[mate], next_kept, kinds, expires, covers)
            if kept < 0 or numbers[mate] != numbers[text]:
                continue
            found = similarity(own, shingles[ends[mate] : ends[mate + 1]], max(threshold, similar[row]))
            nearer = found > similar[row] or (found == similar[row] and kept < stands[row])
            if nearer and share_a_band(bands[first:last], bands[band_ends[mate] : band_ends[mate + 1]]):
                stands[row], similar[row] = kept, found
        if stands[row] >= 0:
            continue
        if first_kept[text] >= 0:
            next_kept[last_kept[text]] = row
            last_kept[text] = row
            continue
        first_kept[text], last_kept[text] = row, row
        owners[first:last] = text
        enter(slots[first:last], heads, following, first)
        rare_end = rare_filled + len(rare)
        while rare_end > len(rare_owners):
            rare_following, rare_owners = np.append(rare_following, rare_following), np.append(rare_owners, rare_owners)
            rare_values = np.append(rare_values, rare_values)
        rare_owners[rare_filled:rare_end], rare_values[rare_filled:rare_end] = text, rare
        enter((rare & np.uint64(len(seen) - 1)).astype(np.int64), rare_heads, rare_following, rare_filled)
        rare_filled = rare_end
    return stands, similar
