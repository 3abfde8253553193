"""Beside the floors: ragkeep and four other tools on the same script of deletions, each in its own process, by its own public interface."""
