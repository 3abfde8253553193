"""Texts to shingles, numbers and bands in one pass over their bytes, as machine code.

Compiled by numba when first called, and kept beside this file for later processes: until this file changes, so whoever changes a constant
that it imports must touch it. `sketch_by_numpy` gives the same bits. The loops are plain arithmetic, with nothing allocated within.
"""

from typing import Any

import numpy as np

from dedup.characters import ALONE, CODE, CONTEXT, DIGIT, GAP, JOINED, NUMERAL
from dedup.compiled import compiled
from dedup.hashing import GOLDEN, MURMUR_A, MURMUR_B, START

_G, _A, _B, _START = np.uint64(GOLDEN), np.uint64(MURMUR_A), np.uint64(MURMUR_B), np.uint64(START)
_U33, _U29, _ZERO = np.uint64(33), np.uint64(29), np.uint64(0)
_LOW, _U32, _ONE, _CROWD = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(1), 24
_CODE, _GAP, _ALONE, _BETWEEN_WORDS = np.uint32(CODE), np.uint32(GAP), np.uint32(ALONE), np.uint32(GAP | ALONE)
_DIGIT, _NUMERAL, _JOINED, _CONTEXT = np.uint32(DIGIT), np.uint32(NUMERAL), np.uint32(JOINED), np.uint32(CONTEXT)
_COUNTED = np.uint32(DIGIT | NUMERAL)
_COLON, _SLASH, _DASH, _DOT, _COMMA = ord(":"), ord("/"), ord("-"), ord("."), ord(",")


@compiled
def _mix(value: Any) -> Any:
    value = (value ^ (value >> _U33)) * _A
    value = (value ^ (value >> _U33)) * _B
    return value ^ (value >> _U33)


@compiled
def _decode(data: Any, at: Any) -> Any:
    """The character at a byte, and where the next one begins. Polars holds valid UTF-8 alone."""
    first = np.uint32(data[at])
    if first < 0x80:
        return first, at + 1
    second = np.uint32(data[at + 1] & 0x3F)
    if first < 0xE0:
        return ((first & np.uint32(0x1F)) << np.uint32(6)) | second, at + 2
    third = np.uint32(data[at + 2] & 0x3F)
    if first < 0xF0:
        return ((first & np.uint32(0x0F)) << np.uint32(12)) | (second << np.uint32(6)) | third, at + 3
    fourth = np.uint32(data[at + 3] & 0x3F)
    upper = ((first & np.uint32(0x07)) << np.uint32(18)) | (second << np.uint32(12))
    return upper | (third << np.uint32(6)) | fourth, at + 4


@compiled
def _is_number_word(word: Any, slots: Any) -> Any:
    slot = word & np.uint64(len(slots) - 1)
    while slots[slot] != _ZERO:
        if slots[slot] == word:
            return True
        slot = (slot + np.uint64(1)) & np.uint64(len(slots) - 1)
    return False


@compiled
def _spell(data: Any, start: Any, end: Any, table: Any, entries: Any, digits: Any) -> Any:
    """The table's entry of each character into `entries`, the places of digits and numerals into `digits`; how many there are of both.

    -1 entries if a character depends on its neighbours.
    """
    count, counted, at, beyond = 0, 0, start, len(table) - 1
    while at < end:
        code, at = _decode(data, at)
        entry = table[code] if code < beyond else table[beyond] | code
        if entry & _CONTEXT:
            return -1, 0
        entries[count] = entry
        if entry & _COUNTED:
            digits[counted] = count
            counted += 1
        count += 1
    return count, counted


@compiled
def _split(entries: Any, words: Any, ends: Any) -> Any:
    """The hashes of a text's words, and where each ends; how many."""
    count, place = 0, 0
    while place < len(entries):
        entry = entries[place]
        if entry & _BETWEEN_WORDS:
            place += 1
            if entry & _ALONE:
                words[count], ends[count] = _mix((_START ^ np.uint64(entry & _CODE)) * _G), place
                count += 1
            continue
        word = _START
        while not entry & _BETWEEN_WORDS:
            word = (word ^ np.uint64(entry & _CODE)) * _G
            place += 1
            if place == len(entries):
                break
            entry = entries[place]
        words[count], ends[count] = _mix(word), place
        count += 1
    return count


@compiled
def _read_number(entries: Any, at: Any) -> Any:
    """Where the number that begins there ends, and its hash: digits with single marks between them, and the minus before."""
    value = _START
    if at > 0 and entries[at - 1] & _CODE == _DASH and (at == 1 or not entries[at - 2] & _JOINED):
        value = (value ^ np.uint64(_DASH)) * _G
    while at < len(entries):
        code = entries[at] & _CODE
        within = code in (_DOT, _COMMA, _COLON, _SLASH, _DASH) and at + 1 < len(entries) and entries[at + 1] & _DIGIT
        if not (entries[at] & _DIGIT or within):
            break
        value = (value ^ np.uint64(code)) * _G
        at += 1
    return at, _mix(value)


@compiled
def _read_numerals(entries: Any, at: Any) -> Any:
    value = _START
    while at < len(entries) and entries[at] & _NUMERAL:
        value = (value ^ np.uint64(entries[at] & _CODE)) * _G
        at += 1
    return at, _mix(value)


@compiled
def _key_numbers(entries: Any, digits: Any, words: Any, ends: Any, number_words: Any) -> Any:
    """The key of a text's numbers and number words, in their order."""
    value, word, after = _ZERO, 0, 0
    for at in digits:
        if at < after:
            continue
        while word < len(words) and ends[word] <= at:
            if _is_number_word(words[word], number_words):
                value = value * _G + words[word]
            word += 1
        after, number = _read_number(entries, at) if entries[at] & _DIGIT else _read_numerals(entries, at)
        value = value * _G + number
    for place in range(word, len(words)):
        if _is_number_word(words[place], number_words):
            value = value * _G + words[place]
    return _mix(value)


@compiled
def _shingle(words: Any, count: Any, size: Any, out: Any) -> Any:
    """The distinct hashes of the runs of `size` words, into `out`; how many. A shorter text is one, padded with zeros."""
    if count == 0:
        return 0
    runs = max(count - size + 1, 1)
    slots = 16
    while slots < 2 * runs:
        slots *= 2
    seen = np.zeros(slots, dtype=np.uint64)
    last, found, zero_seen = np.uint64(slots - 1), 0, False
    for start in range(runs):
        value = _ZERO
        for offset in range(size):
            value = value * _G + (words[start + offset] if start + offset < count else _ZERO)
        value = _mix(value)
        if value == _ZERO:
            new, zero_seen = not zero_seen, True
        else:
            slot = value & last
            while seen[slot] != _ZERO and seen[slot] != value:
                slot = (slot + np.uint64(1)) & last
            new = seen[slot] == _ZERO
            seen[slot] = value
        if new:
            out[found] = value
            found += 1
    return found


@compiled
def _sort(values: Any, spare: Any, starts: Any) -> None:
    """Hashes lie evenly, so each is put near its place at once; those that do not, which takes intent, are sorted as any others."""
    count = np.uint64(len(values))
    starts[: len(values) + 1] = 0
    crowd = 0
    for place in range(len(values)):
        bucket = ((values[place] >> _U32) * count) >> _U32
        starts[bucket + _ONE] += 1
        crowd = max(crowd, starts[bucket + _ONE])
    if crowd > _CROWD:
        values.sort()
        return
    for bucket in range(len(values)):
        starts[bucket + 1] += starts[bucket]
    for place in range(len(values)):
        bucket = ((values[place] >> _U32) * count) >> _U32
        spare[starts[bucket]] = values[place]
        starts[bucket] += 1
    for place in range(len(values)):
        value, at = spare[place], place
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value


@compiled
def _fmix(shingle: Any) -> Any:
    """MurmurHash3's 32-bit finaliser, of the low half."""
    low = np.uint32(shingle & _LOW)
    low = np.uint32((low ^ (low >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    low = np.uint32((low ^ (low >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(low ^ (low >> np.uint32(16)))


@compiled
def _least(a: Any, b: Any, one: Any, other: Any) -> Any:
    """The lesser of two hashes under one permutation."""
    return min(np.uint32(a * one + b), np.uint32(a * other + b))


@compiled
def _sign(shingles: Any, a: Any, b: Any, signature: Any) -> None:
    """Eight shingles at a time, the last one again where fewer are left, so that a row is read and written an eighth as often."""
    signature[:] = np.uint32(0xFFFFFFFF)
    last = len(shingles) - 1
    for place in range(0, len(shingles), 8):
        h0, h1 = _fmix(shingles[place]), _fmix(shingles[min(place + 1, last)])
        h2, h3 = _fmix(shingles[min(place + 2, last)]), _fmix(shingles[min(place + 3, last)])
        h4, h5 = _fmix(shingles[min(place + 4, last)]), _fmix(shingles[min(place + 5, last)])
        h6, h7 = _fmix(shingles[min(place + 6, last)]), _fmix(shingles[min(place + 7, last)])
        for row in range(len(signature)):
            first = min(_least(a[row], b[row], h0, h1), _least(a[row], b[row], h2, h3))
            second = min(_least(a[row], b[row], h4, h5), _least(a[row], b[row], h6, h7))
            signature[row] = min(min(first, second), signature[row])


@compiled
def _band(signature: Any, bands: Any, numbers: Any) -> None:
    rows = len(signature) // len(bands)
    for place in range(len(bands)):
        value = np.uint64(place + 1)
        for row in range(rows):
            value = (value ^ np.uint64(signature[place * rows + row])) * _G
            value = value ^ (value >> _U29)
        bands[place] = np.int64(value ^ numbers)


@compiled
def sketch_bytes(
    data: Any, starts: Any, table: Any, number_words: Any, size: Any, a: Any, b: Any, differ: Any, bands: Any, keys: Any, lengths: Any
) -> Any:
    """Of texts that stand one after another in `data`: bands, number keys and how many shingles, into the last three; answers the shingles.

    A text of which a character depends on its neighbours has -1 shingles: it must be normalised first.
    """
    longest = 0
    for text in range(len(lengths)):
        longest = max(longest, starts[text + 1] - starts[text])
    entries, digits = np.empty(longest, np.uint32), np.empty(longest, np.int64)
    words, ends = np.empty(longest + 1, np.uint64), np.empty(longest + 2, np.int64)
    shingles, signature, filled = np.empty(len(data) // 5 + 1, np.uint64), np.empty(len(a), np.uint32), 0
    for text in range(len(lengths)):
        characters, counted = _spell(data, starts[text], starts[text + 1], table, entries, digits)
        if characters < 0:
            lengths[text] = -1
            continue
        count = _split(entries[:characters], words, ends)
        numbers = _key_numbers(entries[:characters], digits[:counted], words[:count], ends, number_words)
        if filled + count > len(shingles):
            shingles = np.append(shingles[:filled], np.empty(len(shingles) + count, np.uint64))
        found = _shingle(words, count, size, shingles[filled:])
        own = shingles[filled : filled + found]
        _sort(own, words, ends)
        keys[text], lengths[text] = np.int64(numbers), found
        if found:
            _sign(own, a, b, signature)
            _band(signature, bands[text], numbers if differ else _ZERO)
        filled += found
    return shingles[:filled]


@compiled
def sign_sets(shingles: Any, ends: Any, a: Any, b: Any, signatures: Any) -> None:
    """The signature of each set of shingles that stand one after another, into `signatures`; all ones for an empty set."""
    for text in range(len(signatures)):
        _sign(shingles[ends[text] : ends[text + 1]], a, b, signatures[text])
