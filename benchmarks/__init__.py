"""Beside the floors: what ragkeep costs, measured through its command line on documents made here."""
