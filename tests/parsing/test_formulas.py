"""Formulas and pictures of Word files, which unstructured leaves out, as text."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from benchmarks.parsing_readers import word_recall
from parsing.formulas import with_formulas
from parsing.text_boxes import text_boxes

_SPACES = " ".join(
    f'xmlns:{short}="http://schemas.{place}"'
    for short, place in {
        "w": "openxmlformats.org/wordprocessingml/2006/main",
        "m": "openxmlformats.org/officeDocument/2006/math",
        "mc": "openxmlformats.org/markup-compatibility/2006",
        "pic": "openxmlformats.org/drawingml/2006/picture",
        "wp": "openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wpg": "microsoft.com/office/word/2010/wordprocessingGroup",
    }.items()
)


def word_file(paragraph: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {_SPACES}><w:body><w:p>{paragraph}</w:p></w:body></w:document>")
    return written.getvalue()


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def part(name: str, *inner: str, properties: str = "") -> str:
    return f"<m:{name}>{f'<m:{name}Pr>{properties}</m:{name}Pr>' if properties else ''}{''.join(inner)}</m:{name}>"


def in_a_line(*formulas: str) -> str:
    with zipfile.ZipFile(io.BytesIO(with_formulas(word_file("".join(f"<m:oMath>{one}</m:oMath>" for one in formulas))))) as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
    return "".join(root.itertext())


def raised(base: str, exponent: str) -> str:
    return part("sSup", part("e", base), part("sup", exponent))


@pytest.mark.parametrize(("formula", "line"), [
    (part("f", part("num", run("dy")), part("den", run("x+1"))), "dy/(x+1)"),
    (part("f", part("num", run("n")), part("den", run("k")), properties='<m:type m:val="noBar"/>'), "n¦k"),
    (raised(part("d", part("e", run("x+a"))), run("n")), "(x+a)^n"),
    (raised(run("e"), run("-x")), "e^(-x)"),
    (part("d", part("e", run("a")), part("e", run("b")), properties='<m:begChr m:val="["/><m:endChr m:val=""/>'), "[a|b"),
    (part("nary", part("sub", run("k=1")), part("sup", run("∞")), part("e", run("k")), properties='<m:chr m:val="∑"/>'), "∑_(k=1)^∞ k"),
    (part("nary", part("sub"), part("sup"), part("e", run("x"))), "∫ x"),
    (run("b") + part("func", part("fName", run("cos")), part("e", run("nx"))), "b cos nx"),
    (part("rad", part("deg", run("3")), part("e", run("x+y"))), "3√(x+y)"),
    (part("limLow", part("e", run("lim")), part("lim", run("n→0"))), "lim_(n→0)"),
    (part("eqArr", part("e", run("a=1")), part("e", run("b=2"))), "a=1; b=2"),
    (part("m", part("mr", part("e", run("1")), part("e", run("0"))), part("mr", part("e", run("0")), part("e", run("1")))), "1 0; 0 1"),
    (run("ar") + run("ea"), "area"),
    (part("unheardOf", run("x")), "x"),
])  # fmt: skip
def test_a_formula_reads_as_in_word_s_own_linear_format(formula: str, line: str) -> None:
    assert in_a_line(formula) == line


def test_two_formulas_side_by_side_stay_two() -> None:
    assert in_a_line(run("a=b"), run("c=d")) == "a=b c=d"


LETTERS = st.text("abcxyz0189παβ", min_size=1, max_size=3)
NAMES = ("sSup", "sSub", "f", "d", "nary", "func", "rad", "limLow", "limUpp", "eqArr", "m", "box", "acc")
PARTS = ("e", "sup", "sub", "num", "den", "fName", "deg", "lim")
FORMULAS = st.recursive(
    LETTERS.map(run),
    lambda inner: st.tuples(st.sampled_from(NAMES), st.lists(st.tuples(st.sampled_from(PARTS), inner), max_size=3)).map(
        lambda made: part(made[0], *(part(name, held) for name, held in made[1]))
    ),
    max_leaves=8,
)


@given(FORMULAS)
@settings(max_examples=80, deadline=None)
def test_every_letter_of_a_formula_is_said_once_be_it_ever_so_badly_made(formula: str) -> None:
    letters = sorted("".join(etree.fromstring(f"<x {_SPACES}>{formula}</x>").itertext()))
    assert sorted(filter(str.isalnum, in_a_line(formula))) == letters


def test_every_picture_is_described_be_it_alone_or_in_a_group_and_none_twice_for_old_programs() -> None:
    alone = '<wp:inline><wp:docPr descr="A duck"/><pic:cNvPr descr="A duck"/></wp:inline>'
    group = '<wp:anchor><wp:docPr/><wpg:wgp><pic:cNvPr descr="A duck"/><pic:cNvPr descr="A lake"/></wpg:wgp></wp:anchor>'
    choice = f"<mc:AlternateContent><mc:Choice>{group}</mc:Choice><mc:Fallback>{alone}</mc:Fallback></mc:AlternateContent>"
    assert [one.text for one in text_boxes(word_file(alone + choice))] == ["A duck", "A duck", "A lake"]


def test_the_yardstick_counts_letters_of_arabic_that_stretch_a_line_once_and_no_others() -> None:
    assert word_recall("قوة مصر", "قووووة مصـــر") == 1.0
    assert word_recall("balloon", "baloon") == 0.0
    assert word_recall("a_n", "a n") == 1.0
