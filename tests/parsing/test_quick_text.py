"""The quick classification of texts gives stock's answers, or stands aside. In a process of its own, since torch must not be loaded."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"


def run(script: str) -> str:
    """What a fresh interpreter prints that loads the parser's libraries as the parser does."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_every_answer_and_every_tag_is_stock_s_own_on_texts_of_all_kinds() -> None:
    output = run(
        """
        import json, sys
        sys.modules["torch"] = None
        from hypothesis import given, settings, strategies as st
        from parsing.libraries import _use_installed_model
        from parsing.quick_text import CANARIES, QuickText
        _use_installed_model()
        import unstructured.nlp.tokenize, unstructured.partition.text_type as stock
        quick = QuickText(unstructured.nlp.tokenize._get_nlp(), stock)
        words = [word for text in CANARIES for word in text.split(" ")] + ["\\n", "Is", "it?", "He", "runs.", "She", "SLEEPS"]
        texts = st.lists(st.sampled_from(words) | st.text(max_size=6), max_size=60).map(" ".join)

        @settings(max_examples=60, deadline=None)
        @given(texts)
        def agrees(text):
            assert quick.agrees(text), text
            doc = quick._tokenized(text)
            assert [quick._tagger.tags(doc, place, place + 1)[0] for place in range(len(doc))] == quick._tagger.tags(doc, 0, len(doc))

        agrees()
        print("agrees")
        """
    )
    assert output == "agrees"


@pytest.mark.soak
@pytest.mark.skipif(not DATA.exists(), reason="the shared corpus is not here")
def test_every_paragraph_of_a_corpus_is_classified_as_stock_does() -> None:
    output = run(
        f"""
        import json, sys
        sys.modules["torch"] = None
        from parsing.libraries import _use_installed_model
        from parsing.quick_text import QuickText
        _use_installed_model()
        import unstructured.nlp.tokenize, unstructured.partition.text_type as stock
        quick = QuickText(unstructured.nlp.tokenize._get_nlp(), stock)
        lines = open("{DATA}/docs_unstructured/../scifact/corpus.jsonl", encoding="utf-8").read().split("\\n")[:150]
        texts = [said for line in lines for said in (json.loads(line)["title"], json.loads(line)["text"][:600])]
        print(len(texts), [text for text in texts if not quick.agrees(text)])
        """
    )
    assert output == "300 []"


def test_another_version_or_another_answer_leaves_stock_alone() -> None:
    output = run(
        """
        import sys
        sys.modules["torch"] = None
        from parsing import quick_text
        from parsing.libraries import _use_installed_model
        _use_installed_model()
        import unstructured.partition.text_type as stock
        before = stock.is_possible_narrative_text
        quick_text.KNOWN["spacy"] = "0"
        print(quick_text.install(), stock.is_possible_narrative_text is before)
        del quick_text.KNOWN["spacy"]
        agrees = quick_text.QuickText.agrees
        quick_text.QuickText.agrees = lambda self, text: text != quick_text.CANARIES[-1] and agrees(self, text)
        print(quick_text.install(), stock.is_possible_narrative_text is before)
        quick_text.QuickText.agrees = agrees
        print(quick_text.install(), stock.is_possible_narrative_text is before)
        from unstructured.partition.html import parser
        print(parser.is_possible_narrative_text is stock.is_possible_narrative_text)
        """
    )
    assert output.splitlines() == ["False True", "False True", "True False", "True"]
