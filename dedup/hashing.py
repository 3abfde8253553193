"""The hash of a word, and the constants that the kernel and its twin in numpy share. A change of any must raise NORMALISER."""

GOLDEN = 0x9E3779B97F4A7C15
START = 0xCBF29CE484222325
MURMUR_A, MURMUR_B = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53

_64_BITS = (1 << 64) - 1


def hash_word(word: str, /) -> int:
    """64 bits of a word's characters: xor and multiply for each, MurmurHash3's finaliser in the end."""
    value = START
    for character in word:
        value = ((value ^ ord(character)) * GOLDEN) & _64_BITS
    return mix(value)


def mix(value: int, /) -> int:
    """MurmurHash3's 64-bit finaliser: every bit reaches the low 32 bits, which the signature reads."""
    value = ((value ^ (value >> 33)) * MURMUR_A) & _64_BITS
    value = ((value ^ (value >> 33)) * MURMUR_B) & _64_BITS
    return value ^ (value >> 33)


def chain(values: list[int], /) -> int:
    """64 bits of hashes in their order."""
    value = 0
    for each in values:
        value = (value * GOLDEN + each) & _64_BITS
    return mix(value)
