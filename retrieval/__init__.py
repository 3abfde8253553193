"""Floor 4: governed search, from a question and its reader to the hits that this reader may see for this purpose at this moment."""
