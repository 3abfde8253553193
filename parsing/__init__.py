"""Floor 2: bytes in, elements out, each file in a process of its own with limits and no network."""
