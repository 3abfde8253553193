"""Floor 6: the flows, one verb a file: plain functions that move data through the rooms; `flows.deployed` is Prefect's side of them."""
