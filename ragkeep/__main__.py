"""`python -m ragkeep` is the command line."""

from ragkeep.cli import main

main()
