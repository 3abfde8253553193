"""Floor 2: texts to vectors: finding a model, its tokens, its identity, and the model itself."""
