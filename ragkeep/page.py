"""Clusters of duplicates as a page of HTML that needs nothing else: no script, no font, no picture, nothing from a network."""

from collections.abc import Iterable
from html import escape

from dedup.compare import Piece
from ragkeep.duplicates import Cluster, Copy, Shown

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Duplicates</title><style>
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 3rem }
td, th { border: 1px solid #bbb; padding: .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap }
del { background: #ffe0dc; text-decoration: none; border-bottom: 2px solid #b3261e }
ins { background: #d9f2d9; text-decoration: none; border-bottom: 2px solid #1b6e20 }
small { color: #555 }
</style></head><body>
"""


def render_page(clusters: Iterable[Cluster], /) -> str:
    """The page, with a table for each cluster: the kept text on the left, each copy on the right, the words of one alone marked."""
    listed = list(clusters)
    copies = sum(len(cluster.copies) for cluster in listed)
    head = f"<h1>Duplicates</h1><p>{len(listed)} clusters, in which {copies} chunks have another that stands for them.</p>\n"
    return _HEAD + head + "\n".join(map(_cluster, listed)) + "\n</body></html>\n"


def _cluster(cluster: Cluster) -> str:
    rows = "".join(f"<tr><td>{_marked(copy.differences, 'first')}</td><td>{_copy(copy)}</td></tr>\n" for copy in cluster.copies)
    return f"<table><thead><tr><th>kept: {_place(cluster.kept)}</th><th>redundant</th></tr></thead><tbody>\n{rows}</tbody></table>"


def _copy(copy: Copy) -> str:
    facts = f"<small>{_place(copy.chunk)}; Jaccard {copy.jaccard:.3f}; not kept: {escape(copy.why)}</small>\n"
    return facts + _marked(copy.differences, "second")


def _place(chunk: Shown) -> str:
    return " ".join(filter(None, (escape(chunk.uri), escape(chunk.heading_path), f"({chunk.chunk_id})")))


def _marked(pieces: Iterable[Piece], side: str) -> str:
    tags = {"both": ("", ""), "first": ("<del>", "</del>"), "second": ("<ins>", "</ins>")}
    return " ".join(f"{tags[piece.of][0]}{escape(piece.text)}{tags[piece.of][1]}" for piece in pieces if piece.of in ("both", side))
