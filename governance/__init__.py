"""Floor 2: pure decisions on what may be held: the terms in force, who is admitted, which removals wait for a person."""
