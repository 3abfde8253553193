"""spaCy's tagger without spaCy's pipeline: the same weights and the same arithmetic, on as few words as an answer needs.

A tag depends on the four words to its left and to its right, since the network is four convolutions over three words; so any word of a text
can be tagged without the others. What a word looks like (its row of embeddings) is computed once a process.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

REACH = 4
"""Words to either side that decide a word's tag."""
_MOST_WORDS = 50_000
"""Rows that are kept; then all are forgotten, since a process reads one file and has little left to read."""
_LENGTH = 96
_KEY = ("ORTH", "NORM", "SPACY")


class QuickTagger:
    """The tagger of a loaded spaCy model with a `HashEmbedCNN` of depth 4 and window 1. Raises ValueError for any other."""

    def __init__(self, nlp: Any, /) -> None:
        from spacy.attrs import IDS  # type: ignore[import-not-found]

        tok2vec, tagger = nlp.get_pipe("tok2vec"), nlp.get_pipe("tagger")
        extract, _, hashes, mix, _ = tok2vec.model.get_ref("embed").layers
        self._blocks = [_Block(block.layers[0].layers[1].layers[0]) for block in tok2vec.model.get_ref("encode").layers[0].layers]
        if len(self._blocks) != REACH or any(block.weights.shape != (3 * _LENGTH, 3 * _LENGTH) for block in self._blocks):
            raise ValueError("another network than the one that is known here")
        self._key, self._columns = ([IDS[name] for name in names] for names in (_KEY, extract.attrs["columns"]))
        self._ops = tok2vec.model.ops
        columns = [one.layers[-1] for one in hashes.layers[0].layers]
        self._tables = [(number, one.attrs["seed"], one.get_param("E")) for number, one in enumerate(columns)]
        self._mix = _Block(mix.layers[0].layers[0])
        softmax = tagger.model.get_ref("softmax")
        self._softmax = softmax.get_param("W").T, softmax.get_param("b")
        self._labels: tuple[str, ...] = tagger.labels
        self._known: dict[tuple[int, ...], Rows] = {}

    def tags(self, doc: Any, start: int, stop: int, /) -> list[str]:
        """Of these tokens of a tokenized text. Beyond its ends are rows of zeros, as many as the network reaches: so it was trained."""
        left, right = start - REACH, stop + REACH
        nothing = np.zeros(_LENGTH, np.float32)
        rows = self._embed(doc[max(0, left) : min(right, len(doc))])
        values = np.array([*[nothing] * max(0, -left), *rows, *[nothing] * max(0, right - len(doc))])
        for block in self._blocks:
            values = values[1:-1] + block(np.concatenate((values[:-2], values[1:-1], values[2:]), axis=1))
        weights, bias = self._softmax
        return [self._labels[best] for best in (values @ weights + bias).argmax(axis=1)]

    def _embed(self, words: Any) -> list[Rows]:
        keys = list(map(tuple, words.to_array(self._key).tolist()))
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            if len(self._known) > _MOST_WORDS:
                self._known.clear()
                new = {key: place for place, key in enumerate(keys)}
            looks = words.to_array(self._columns)[list(new.values())]
            found = np.concatenate([self._look_up(looks, *table) for table in self._tables], axis=1)
            self._known.update(zip(new, self._mix(found), strict=True))
        return [self._known[key] for key in keys]

    def _look_up(self, looks: NDArray[np.uint64], column: int, seed: int, table: Rows) -> Rows:
        """A value's four rows in a table of hashes, added."""
        found: Rows = self._ops.gather_add(table, self._ops.hash(np.ascontiguousarray(looks[:, column]), seed) % len(table))
        return found


class _Block:
    """Maxout of three linear layers, then layer normalisation."""

    def __init__(self, layer: Any, /) -> None:
        maxout, normal = layer.layers
        pieces = maxout.get_param("W")
        self.weights: Rows = np.ascontiguousarray(pieces.transpose(2, 1, 0).reshape(pieces.shape[2], -1))
        self._bias: Rows = maxout.get_param("b").T.reshape(-1)
        self._gain, self._shift = normal.get_param("G"), normal.get_param("b")

    def __call__(self, values: Rows, /) -> Rows:
        pieces = values @ self.weights + self._bias
        first, second, third = (pieces[:, start:stop] for start, stop in pairwise(range(0, 4 * _LENGTH, _LENGTH)))
        greatest = np.maximum(np.maximum(first, second), third)
        centred = greatest - np.add.reduce(greatest, axis=1, keepdims=True) / _LENGTH
        variance = np.add.reduce(centred * centred, axis=1, keepdims=True) / _LENGTH + np.float32(1e-8)
        scaled: Rows = centred * variance ** np.float32(-0.5) * self._gain + self._shift
        return scaled
