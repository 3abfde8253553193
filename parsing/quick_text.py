"""unstructured's classification of a text with the same answers for less work: cheap questions first, and only as far as they need.

Stock tags and parses every text whole before it asks whether half of its words have capitals. Here letters are counted before words; the
beginning of a text is tokenized, likely verbs are tagged first, and others up to the first verb; sentences are only sought
where the answer hangs on them, and not in a text too short to have two. `install` puts these functions in place of stock's before anything
imports those, if they agree with stock on a set of texts, and else leaves stock alone.
"""

import importlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from parsing.quick_tags import REACH, QuickTagger

KNOWN = {"unstructured": "0.27.32", "spacy": "3.8.18"}
"""The versions that these functions were written after; with others stock is used."""
CANARIES = (
    "",
    "2024",
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "ITEM 1A. RISK FACTORS",
    "Table of contents",
    "Dear Sir or Madam,",
    "I have read it. You have read it too. We will both answer it next week, if nothing else comes between.",
    "Prices, terms and conditions of the annual general meeting in the town hall of Hue",
    "THE BOARD HAS DECIDED TO CLOSE THE BRIDGE. IT WILL OPEN AGAIN IN MAY OF NEXT YEAR.",
    "Mr. Smith, Jr. went to Washington D.C. and paid $4.5 million; nobody asked him why he'd done so.",
    "Hội đồng quản trị họp mỗi quý một lần và thông báo cho các cổ đông về kết quả kinh doanh của công ty.",
    "Figure 3: Results of the survey by region, age and income",
    "- see also: http://example.org/a?b=c (last visited 2020-01-01)",
    "Wear a helmet",
    "a\n\nb\tc   d  e",
    "Nguyễn Văn An, Trần Thị Bình, Lê Hoàng Cường, Phạm Minh Dung",
    "If the card has been within the detection area for fifteen minutes, remote locking is disabled and the lamp flashes twice. To lock "
    "it, press the button on the card, or, depending on the vehicle, the button on the handle; the lock can be heard.",
    "naïve café 東京 Привет мир 12% ½ …",
)
_CACHED = 128
_ENGLISH = "eng"
_VERBS = frozenset({"VB", "VBG", "VBD", "VBN", "VBP", "VBZ"})
_LIKELY_VERBS = "is are was were be been being has have had do does did go goes went made make makes used using given said see found shown"
"""Asked first; every verb that is met joins them."""
_ASKED_FIRST = 2
_WINDOW = 12
_HEAD = re.compile(r".{100,}?[a-z] (?=[a-z])", re.DOTALL)
"""The beginning of a long text up to a space between two words, where the tokenizer cuts whatever follows. Most have a verb so soon."""


def install() -> bool:
    """Whether these functions stand in for stock's from now on. To be called before any `unstructured.partition.*` is imported."""
    if any(version(name) != known for name, known in KNOWN.items()):
        return False
    stock, tokenize = (importlib.import_module(f"unstructured.{name}") for name in ("partition.text_type", "nlp.tokenize"))
    try:
        quick = QuickText(tokenize._get_nlp(), stock)
        agrees = all(quick.agrees(text) for text in CANARIES)
    except (ValueError, AttributeError, KeyError, IndexError, TypeError):  # Another network, or other names inside a library.
        return False
    if agrees:
        stock.is_possible_narrative_text = quick.is_narrative  # type: ignore[attr-defined]
        stock.is_possible_title = quick.is_title  # type: ignore[attr-defined]
    return agrees


class QuickText:
    """Both questions, answered as `unstructured.partition.text_type` of the known version answers them."""

    def __init__(self, nlp: Any, stock: Any, /) -> None:
        self._nlp, self._stock = nlp, stock
        self._stock_narrative: Callable[..., bool] = stock.is_possible_narrative_text
        self._stock_title: Callable[..., bool] = stock.is_possible_title
        self._tagger = QuickTagger(nlp)
        self._likely = {nlp.vocab.strings.add(word) for word in _LIKELY_VERBS.split()}
        self._doc = lru_cache(_CACHED)(self._tokenized)
        self._sentences = lru_cache(_CACHED)(self._parsed)

    def is_narrative(
        self,
        text: str,
        cap_threshold: float = 0.5,
        non_alpha_threshold: float = 0.5,
        languages: Sequence[str] = (_ENGLISH,),
        language_checks: bool = False,
    ) -> bool:
        """`is_possible_narrative_text`."""
        text = str(text)
        if language_checks or len(text) > self._nlp.max_length:
            return self._stock_narrative(text, cap_threshold, non_alpha_threshold, list(languages), language_checks)
        if not text or text.isnumeric() or _has_few_letters(text, non_alpha_threshold):
            return False
        if self._has_capitals(text, cap_threshold):
            return self._has_two_sentences(text, 3)
        return _ENGLISH not in languages or self._has_verb(text) or self._has_two_sentences(text, 3)

    def is_title(
        self,
        text: str,
        sentence_min_length: int = 5,
        title_max_word_length: int = 12,
        non_alpha_threshold: float = 0.5,
        languages: Sequence[str] = (_ENGLISH,),
        language_checks: bool = False,
    ) -> bool:
        """`is_possible_title`."""
        text = str(text)
        if language_checks or len(text) > self._nlp.max_length:
            return self._stock_title(
                text, sentence_min_length, title_max_word_length, non_alpha_threshold, list(languages), language_checks
            )
        if not text or text.isnumeric() or text.endswith(",") or len(text.split(" ")) > title_max_word_length:
            return False
        if text.isupper() and self._stock.ENDS_IN_PUNCT_RE.search(text) is not None:
            return False
        if _has_few_letters(text, non_alpha_threshold):
            return False
        return not self._has_two_sentences(text, sentence_min_length)

    def agrees(self, text: str, /) -> bool:
        """Whether stock says the same of a text, and of each of its tags."""
        doc = self._nlp(text)
        return (
            [token.tag_ for token in doc] == self._tagger.tags(doc, 0, len(doc))
            and self.is_narrative(text) == self._stock_narrative(text)
            and self.is_title(text) == self._stock_title(text)
        )

    def _tokenized(self, text: str) -> Any:
        return self._nlp.make_doc(text)

    def _parsed(self, text: str) -> list[str]:
        """Its sentences: the parser needs the vectors and no tags."""
        doc = self._nlp.make_doc(text)
        for name in ("tok2vec", "parser"):
            doc = self._nlp.get_pipe(name)(doc)
        return [sentence.text for sentence in doc.sents]

    def _has_capitals(self, text: str, threshold: float) -> bool:
        """Whether more than this share of its words begin with one, or it has no words; stock then looks for two sentences."""
        if text.isupper():
            return True
        letters = sum(map(str.istitle, text))
        if letters < threshold * sum(map(str.isalpha, text.split())):
            return False  # No word has a capital without a capital letter, and each piece of letters alone is a word at least.
        words, titles, capitals = self._doc(text).to_array(("IS_ALPHA", "IS_TITLE", "IS_UPPER")).T.astype(bool)
        count = int(words.sum())
        return not count or int((words & (titles | capitals)).sum()) / count > threshold

    def _has_verb(self, text: str) -> bool:
        """Likely words are asked first, and the beginning of a text before the rest."""
        if head := _HEAD.match(text):
            doc = self._tokenized(head[0])
            if self._has_verb_before(doc, len(doc) - REACH):
                return True
        doc = self._doc(text)
        return self._has_verb_before(doc, len(doc))

    def _has_verb_before(self, doc: Any, end: int) -> bool:
        words = doc.to_array("ORTH")[: max(0, end)].tolist()
        likely = [place for place, word in enumerate(words) if word in self._likely][:_ASKED_FIRST]
        windows = [(place, place + 1) for place in likely]
        windows += [(start, min(start + _WINDOW, end)) for start in range(0, end, _WINDOW)]
        for start, stop in windows:
            for word, tag in zip(words[start:stop], self._tagger.tags(doc, start, stop), strict=True):
                if tag in _VERBS:
                    self._likely.add(word)
                    return True
        return False

    def _has_two_sentences(self, text: str, least: int) -> bool:
        """Two of at least so many words each. Every word has a token of its own that is more than punctuation: with too few of them, no."""
        if len(self._doc(text)) < 2 * least:
            return False
        without = self._stock.remove_punctuation
        if sum(1 for token in self._doc(text) if without(token.text).strip()) < 2 * least:
            return False
        lengths = (sum(1 for word in without(sentence).split() if word != ".") for sentence in self._sentences(text))
        return sum(1 for length in lengths if length >= least) > 1


def _has_few_letters(text: str, threshold: float) -> bool:
    """`under_non_alpha_ratio`."""
    signs = len("".join(text.split()))
    return signs > 0 and sum(map(str.isalpha, text)) / signs < threshold
