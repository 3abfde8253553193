"""An edit changes the chunks beside it, and no others."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from chunk_makers import Item, MiniLmTokenizer, WordTokenizer, chunked, document_text, read_markdown
from hypothesis import given, settings
from hypothesis import strategies as st

from chunking.fences import FENCE

OWASP = Path(__file__).parents[2].parent / "shared" / "data" / "evolving_owasp"
Span = tuple[int, int]


def edited_span(old: str, new: str) -> Span:
    """Where the new text differs from the old one."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    same = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    return start, len(new) - same


def new_chunks(tokenizer: WordTokenizer | MiniLmTokenizer, old: Sequence[Item], new: Sequence[Item]) -> tuple[list[Span], list[Span]]:
    """Spans of the chunks whose id is new, and of all."""
    before, after = chunked(tokenizer, old), chunked(tokenizer, new)
    spans = list(after.select("char_start", "char_end").iter_rows())
    known = set(before["chunk_id"])
    return [span for span, chunk_id in zip(spans, after["chunk_id"], strict=True) if chunk_id not in known], spans


def untouched(spans: Sequence[Span], edits: Sequence[Span]) -> list[Span]:
    return [(start, end) for start, end in spans if not any(start <= right and left <= end for left, right in edits)]


def words(lengths: Sequence[int], prefix: str = "w") -> list[Item]:
    """A section of paragraphs whose words are all different."""
    count = iter(range(100_000))
    return [("text", " ".join(f"{prefix}{next(count)}{'.' * (n % 7 == 6)}" for n in range(length)), 0) for length in lengths]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=60, max_size=90), st.data())
def test_no_cut_farther_than_two_fences_from_an_edit_moves(lengths: list[int], data: st.DataObject) -> None:
    window = 16
    old = words(lengths)
    at = data.draw(st.integers(0, len(old)))
    removed = data.draw(st.integers(0, 3))
    added = words(data.draw(st.lists(st.integers(1, 60), max_size=3)), prefix="new")
    new = [*old[:at], *added, *old[at + removed :]]
    text = document_text(new)
    left, right = edited_span(document_text(old), text)
    for start, end in new_chunks(WordTokenizer(window), old, new)[0]:
        between = text[end:left] if end < left else text[right:start]
        assert len(between.split()) <= (2 * FENCE + 1) * window


def test_a_single_edit_in_a_long_section_hardly_ever_adds_more_than_two_chunks_beyond_those_it_touches() -> None:
    # Whole paragraphs come and go here; no rule that looks at the text alone can promise two. The decision record has the shares.
    rng = random.Random(20)
    beyond = Counter[int]()
    for _ in range(150):
        old = words([rng.randint(3, 60) for _ in range(60)])
        at = rng.randrange(60)
        new = [*old[:at], *words([rng.randint(1, 60) for _ in range(rng.randint(0, 2))], prefix="new"), *old[at + rng.randint(0, 1) :]]
        edit = edited_span(document_text(old), document_text(new))
        beyond[len(untouched(new_chunks(WordTokenizer(80), old, new)[0], [edit]))] += 1
    assert sum(beyond[few] for few in (0, 1, 2)) >= 145, beyond
    assert max(beyond) <= 4


def test_a_row_put_into_a_long_table_of_rows_that_begin_alike_changes_only_the_chunks_beside_it() -> None:
    rows = [f"| 2024-01-01 | the same beginning of all rows | {number} |" for number in range(900)]
    old = [("table", "\n".join(rows), 0)]
    new = [("table", "\n".join([*rows[:450], "| 2024-01-01 | the same beginning of all rows | new |", *rows[450:]]), 0)]
    fresh, everything = new_chunks(WordTokenizer(100), old, new)
    assert len(everything) > 80
    assert len(fresh) <= 3


@pytest.mark.parametrize("repeated", ["the same line again and again", "a", "one. two. three."])
def test_repeated_text_keeps_its_ids_too(repeated: str) -> None:
    old: list[Item] = [("text", repeated, 0)] * 6000
    new = [*old[:3000], ("text", "something else", 0), *old[3000:]]
    fresh, everything = new_chunks(WordTokenizer(100), old, new)
    assert len(everything) > 50
    assert len(fresh) <= 8  # Beside the edit, and at the end, where the repetition has shifted.


def snapshots() -> tuple[list[dict[str, str]], dict[str, str]]:
    if not OWASP.exists():
        pytest.skip("the evolving corpus is not at hand")
    with (OWASP / "manifest.jsonl").open() as lines:
        files = [json.loads(line)["files"] for line in lines]
    with (OWASP / "blobs.jsonl").open() as lines:
        return files, {blob["sha"]: blob["text"] for blob in map(json.loads, lines)}


def changed_spans(old: Sequence[Item], new: Sequence[Item]) -> list[Span]:
    """Spans of the elements of `new` that `old` does not have there, and the places where it had more."""
    starts = [0]
    for _, text, _ in new:
        starts.append(starts[-1] + len(text) + 2)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [(starts[first] - 2, starts[last]) for kind, _, _, first, last in matcher.get_opcodes() if kind != "equal"]


@pytest.mark.parametrize("step", [pytest.param(n, marks=[] if n == 13 else pytest.mark.slow) for n in range(1, 15)])
def test_a_real_edit_changes_the_chunks_it_touches_and_at_most_two_neighbours(minilm: MiniLmTokenizer, step: int) -> None:
    files, texts = snapshots()
    before, after = files[step - 1], files[step]
    beyond = {}
    for name in sorted(name for name in after if name in before and after[name] != before[name]):
        old, new = read_markdown(texts[before[name]]), read_markdown(texts[after[name]])
        beyond[name] = len(untouched(new_chunks(minilm, old, new)[0], changed_spans(old, new)))
    assert beyond
    assert max(beyond.values()) <= 2, beyond
