"""Patterns mean what a person who knows .gitignore takes them to mean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.globs import folders_of, matcher

names = st.text(st.sampled_from("abc.*[]?é -"), min_size=1, max_size=5).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("**/*", ["a", "a/b", "a/b/c.d"], []),
        ("*.pdf", ["a.pdf", "x/y/a.pdf", ".pdf"], ["a.pdfx", "a.PDF", "a_pdf"]),
        ("/*.pdf", ["a.pdf"], ["x/a.pdf"]),
        ("hr/*.pdf", ["hr/a.pdf"], ["hr/x/a.pdf", "x/hr/a.pdf"]),
        ("hr/**/*.pdf", ["hr/a.pdf", "hr/x/y/a.pdf"], ["a.pdf"]),
        ("**/old/*", ["old/a", "x/y/old/a"], ["old", "bold/a"]),
        ("drafts/", ["drafts/a", "drafts/x/a"], ["drafts", "x/drafts/a"]),
        ("drafts/**", ["drafts/a", "drafts/x/a"], ["x/drafts/a"]),
        ("drafts", ["drafts", "drafts/a", "x/drafts/y/a"], ["draftsman"]),
        ("hr", ["hr/a"], ["hrx/a"]),
        ("?.txt", ["a.txt", "é.txt", "e\u0301.txt".replace("e\u0301", "é")], ["ab.txt", ".txt"]),
        ("[ab].txt", ["a.txt", "x/b.txt"], ["c.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("x[!a]y", ["xby"], ["x/y"]),
        ("x[+-0]y", ["x.y"], ["x/y"]),
        ("[z-a]", [], ["b"]),
        ("[ab", ["[ab"], ["a"]),
        ("a+(b)|c", ["a+(b)|c"], ["aab", "c"]),
        ("cafe\u0301/*", ["café/a"], []),
        ("", [], ["a", "a/b"]),
    ],
)
def test_a_pattern_matches_what_it_says(pattern: str, yes: list[str], no: list[str]) -> None:
    matches = matcher([pattern])
    assert [path for path in yes if not matches(path)] == []
    assert [path for path in no if matches(path)] == []


@settings(deadline=None, max_examples=200)
@given(paths)
def test_everything_matches_everything_and_nothing_matches_nothing(path: str) -> None:
    assert matcher(["**/*"])(path)
    assert matcher(["**"])(path)
    assert not matcher([])(path)


@settings(deadline=None, max_examples=200)
@given(paths)
def test_a_path_without_wildcards_matches_itself_from_the_root(path: str) -> None:
    literal = "".join(f"[{character}]" if character in "*?[" else character for character in path)
    assert matcher(["/" + literal])(path)
    assert not matcher(["/" + literal])(path + "x")
    assert not matcher(["/" + literal])("x" + path)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(paths, paths.map(lambda path: path + "/"), paths.map(lambda path: path + "/**")), max_size=3), paths, paths)
def test_in_a_folder_that_is_left_out_whole_every_path_matches(patterns: list[str], folder: str, path: str) -> None:
    if matcher(folders_of(patterns))(folder):
        assert matcher(patterns)(f"{folder}/{path}")


@settings(deadline=None, max_examples=200)
@given(st.lists(paths, max_size=3), st.lists(paths, max_size=3), paths)
def test_more_patterns_match_what_each_of_them_matches(some: list[str], others: list[str], path: str) -> None:
    assert matcher(some + others)(path) == (matcher(some)(path) or matcher(others)(path))
