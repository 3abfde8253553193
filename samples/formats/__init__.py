"""Writers of the sample corpus, one format a module; they stand outside the floor plan, since only `make_samples.py` uses them."""
