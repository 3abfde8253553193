"""Floor 2: duplicates as pure functions: shingles, signatures, verified pairs, and which chunk stands for which."""
