"""spaCy's tagger without spaCy's pipeline: the same weights and the same arithmetic, on as few words as an answer needs.

A tag depends on the four words to its left and to its right, since the network is four convolutions over three words; so a text is tagged
in windows, and nobody pays for the words after the first verb. What a word looks like (its row of embeddings) is computed once a process.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

_REACH = 4
_FIRST_WINDOW = 12
_WINDOW = 48
_MOST_WORDS = 50_000
"""Rows that are kept; then all are forgotten, since a process reads one file and has little left to read."""


class QuickTagger:
    """The tagger of a loaded spaCy model with a `HashEmbedCNN` of depth 4 and window 1. Raises ValueError for any other."""

    def __init__(self, nlp: Any, /) -> None:
        tok2vec, tagger = nlp.get_pipe("tok2vec"), nlp.get_pipe("tagger")
        extract, _, hashes, mix, _ = tok2vec.model.get_ref("embed").layers
        blocks = [_weights(block) for block in tok2vec.model.get_ref("encode").layers[0].layers]
        softmax = tagger.model.get_ref("softmax")
        if len(blocks) != _REACH or any(block[0].shape != (3, 3 * _LENGTH, _LENGTH) for block in blocks):
            raise ValueError("another network than the one that is known here")
        self._columns = extract.attrs["columns"]
        self._hashes, self._mix, self._blocks = hashes.layers[0], mix.layers[0], blocks
        self._softmax = softmax.get_param("W"), softmax.get_param("b")
        self._labels: tuple[str, ...] = tagger.labels
        self._known: dict[tuple[int, ...], Rows] = {}

    def tags(self, doc: Any, /) -> Iterator[str]:
        """The tag of each token, computed as far as it is asked for. `doc` is tokenized, no more."""
        rows = self._embed(doc)
        start, size = 0, _FIRST_WINDOW
        while start < len(doc):
            stop = min(start + size, len(doc))
            yield from self._tag(rows, start, stop)
            start, size = stop, _WINDOW

    def _embed(self, doc: Any) -> list[Rows]:
        keys = [tuple(key) for key in doc.to_array(("ORTH", "NORM", "SPACY")).tolist()]
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            if len(self._known) > _MOST_WORDS:
                self._known.clear()
                new = {key: place for place, key in enumerate(keys)}
            attributes = doc.to_array(self._columns)[list(new.values())]
            self._known.update(zip(new, self._mix.predict(self._hashes.predict(attributes)), strict=True))
        return [self._known[key] for key in keys]

    def _tag(self, rows: list[Rows], start: int, stop: int) -> list[str]:
        """Beyond either end of a text are rows of zeros, as many as the network reaches: so it was trained."""
        left, right = start - _REACH, stop + _REACH
        nothing = np.zeros(_LENGTH, np.float32)
        before, after = max(0, -left), max(0, right - len(rows))
        values = np.stack([*[nothing] * before, *rows[max(0, left) : right], *[nothing] * after])
        for weights, bias, gain, shift in self._blocks:
            values = values + _normal(_maxout(_beside(values), weights, bias), gain, shift)
        weights, bias = self._softmax
        scores = values[_REACH : _REACH + stop - start] @ weights.T + bias
        return [self._labels[best] for best in scores.argmax(axis=1)]


_LENGTH = 96


def _weights(block: Any) -> tuple[Rows, Rows, Rows, Rows]:
    """Of a residual block: window, maxout and layer normalisation."""
    maxout, normal = block.layers[0].layers[1].layers[0].layers
    weights, bias = maxout.get_param("W").transpose(1, 2, 0), maxout.get_param("b").T
    return np.ascontiguousarray(weights), np.ascontiguousarray(bias), normal.get_param("G"), normal.get_param("b")


def _beside(values: Rows) -> Rows:
    """Each row between the row before it and the row after it."""
    wide = np.zeros((len(values), 3 * _LENGTH), np.float32)
    wide[1:, :_LENGTH] = values[:-1]
    wide[:, _LENGTH : 2 * _LENGTH] = values
    wide[:-1, 2 * _LENGTH :] = values[1:]
    return wide


def _maxout(values: Rows, weights: Rows, bias: Rows) -> Rows:
    """The greatest of three linear layers; `weights` holds one after another."""
    first, second, third = (values @ piece + shift for piece, shift in zip(weights, bias, strict=True))
    greatest: Rows = np.maximum(np.maximum(first, second), third)
    return greatest


def _normal(values: Rows, gain: Rows, shift: Rows) -> Rows:
    mean, variance = values.mean(axis=1, keepdims=True), values.var(axis=1, keepdims=True) + 1e-8
    scaled: Rows = (values - mean) * variance ** np.float32(-0.5) * gain + shift
    return scaled
