"""Floor 3: the lake, the only home of deltalake: bronze blobs and manifest, silver and gold tables, each a derived copy that can forget."""
