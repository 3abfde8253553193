"""Floor 2: duplicates as pure functions: shingles, signatures, verified pairs, and which chunk stands for which."""

from dedup.find import find_duplicates, find_near_duplicates

__all__ = ["find_duplicates", "find_near_duplicates"]
