"""Floor 7: the front door: the command line, and `ragkeep.notebook` for notebooks."""
