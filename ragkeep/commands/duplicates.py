"""The command that shows which chunks say nearly the same, and why one of them was kept."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import UsageError
from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

if TYPE_CHECKING:
    from dedup.compare import Piece
    from ragkeep.duplicates import Cluster


def duplicates(
    context: typer.Context,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=10_000, help="Clusters or rows at most, the largest first.")] = 20,
    explain: Annotated[
        tuple[str, str] | None, typer.Option("--explain", metavar="CHUNK_ID CHUNK_ID", help="Compare two chunks, and say what follows.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page to look at, readable by its owner alone.")
    ] = None,
    repeated: Annotated[
        int | None, typer.Option("--repeated", metavar="N", min=2, help="List passages that at least N documents have: footers, notices.")
    ] = None,
    contained: Annotated[
        float | None,
        typer.Option("--contained", metavar="SHARE", min=0.1, max=1, help="List documents of which another has at least this share."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show clusters of duplicates side by side, the words that differ marked, and why one chunk was kept."""
    session: Session = context.obj
    if sum(chosen is not None for chosen in (explain, html, repeated, contained)) > 1:
        raise UsageError("duplicates: choose one of --explain, --html, --repeated and --contained")
    if explain:
        _explain(session, explain, json)
    elif repeated or contained:
        _list_overlaps(session, repeated, contained, limit, json)
    else:
        _show(session, html, limit, json)


def _explain(session: Session, pair: tuple[str, str], json: bool) -> None:
    from ragkeep.duplicates import explain

    with session.open("duplicates") as workspace:
        explained = explain(workspace, *pair, now=session.now)
    print_json(explained) if json else _print_explained(explained)


def _list_overlaps(session: Session, repeated: int | None, contained: float | None, limit: int, json: bool) -> None:
    from ragkeep.overlaps import read_contained, read_repeated

    with session.open("duplicates") as workspace:
        passages = read_repeated(workspace, repeated, limit=limit, now=session.now) if repeated else []
        documents = read_contained(workspace, contained, limit=limit, now=session.now) if contained else []
    if json:
        print_json(passages or documents)
    elif repeated:
        print_table(
            "", ("documents", "times", "words", "passage"), [(each.documents, each.times, each.words, each.passage) for each in passages]
        )
    else:
        rows = [(f"{each.containment:.1%}", each.inner, each.outer) for each in documents]
        print_table("", ("contained", "document", "is in"), rows)


def _show(session: Session, html: Path | None, limit: int, json: bool) -> None:
    from ragkeep.duplicates import read_clusters

    with session.open("duplicates") as workspace:
        target = _free_target(html, workspace.root) if html else None
        action = "export.duplicates" if html else "show.duplicates"
        clusters = read_clusters(workspace, limit=limit, now=session.now, action=action)
    if target:
        _write(target, clusters)
        typer.echo(f"{target}: holds the text of {sum(len(c.copies) + 1 for c in clusters)} chunks, and no erasure reaches it.", err=True)
    elif json:
        print_json(clusters)
    else:
        _print_clusters(clusters)


def _free_target(html: Path, root: Path) -> Path:
    """The file to write. Not in the workspace, where a scan would find texts that no copy on its list has."""
    if html.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"duplicates: {html} is in the workspace. Write the page elsewhere: its texts are a copy that no erasure reaches")
    if html.is_dir() or not html.resolve().parent.is_dir():
        raise UsageError(f"duplicates: {html} cannot be written. Name a file in a folder that is there: --html duplicates.html")
    return html


def _write(target: Path, clusters: "Iterable[Cluster]") -> None:
    from ragkeep.page import render_page

    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(render_page(clusters))


def _print_clusters(clusters: "list[Cluster]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not clusters:
        console.print("no duplicates among what is admitted", highlight=False)
    for cluster in clusters:
        table = Table(header_style="dim", expand=True, show_lines=True)
        table.add_column(f"kept: {cluster.kept.uri} {cluster.kept.heading_path} {cluster.kept.chunk_id}", ratio=1, overflow="fold")
        table.add_column("redundant", ratio=1, overflow="fold")
        for copy in cluster.copies:
            facts = (
                f"{copy.chunk.uri} {copy.chunk.heading_path} {copy.chunk.chunk_id}\nJaccard {copy.jaccard:.3f}; not kept: {copy.why}\n\n"
            )
            table.add_row(_marked(copy.differences, "first"), Text(facts).append_text(_marked(copy.differences, "second")))
        console.print(table, highlight=False)


def _marked(pieces: "Iterable[Piece]", side: str) -> Any:
    """Words of one text alone in brackets and in colour, for terminals without it."""
    from rich.text import Text

    marks = {"both": ("", "", ""), "first": ("[-", "-]", "red"), "second": ("{+", "+}", "green")}
    shown = [(piece.text, *marks[piece.of]) for piece in pieces if piece.of in ("both", side)]
    return Text(" ").join(Text(f"{before}{text}{after}", style=style) for text, before, after, style in shown)


def _print_explained(explained: Any) -> None:
    from rich.console import Console

    fields = {
        "verdict": explained.verdict,
        "Jaccard": f"{explained.jaccard:.4f}, threshold {explained.threshold}",
        "shared shingles": f"{explained.shared_shingles} of {explained.all_shingles}",
        "shared bands": f"{len(explained.shared_bands)} of {explained.bands} {list(explained.shared_bands)}",
        "numbers and dates": "the same" if explained.same_numbers else "differ",
        "first": f"{explained.first.uri} {explained.first.heading_path}",
        "second": f"{explained.second.uri} {explained.second.heading_path}",
    }
    print_fields(f"{explained.first.chunk_id} and {explained.second.chunk_id}", fields)
    Console().print(_marked(explained.differences, "first"), "", _marked(explained.differences, "second"), sep="\n", highlight=False)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(duplicates)
