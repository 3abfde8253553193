"""Floor 2: elements to clean elements with offsets, and the names of what was dropped."""
