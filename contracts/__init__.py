"""Floor 0: what every room agrees on: table contracts, ids, terms, ports, results and errors."""
