"""Floor 5: how good retrieval and chunking are, one metric a file."""
