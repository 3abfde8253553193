"""`python -m ragkeep` is `ragkeep`."""

from ragkeep.cli import main

main()
