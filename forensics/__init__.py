"""Floor 3: the witness that looks for bytes which ought to be gone; it knows formats, and no room that writes them."""
