"""Floor 2: from elements to chunks: sections, local cuts, and the rows that carry them."""
