"""How near one model's vectors come to another's: of the same texts, and of which texts find which."""

import numpy as np
import numpy.typing as npt

from contracts.ports import Vectors

_DEPTH = 10


def cosines(one: Vectors, other: Vectors, /) -> npt.NDArray[np.float32]:
    """Of each text's two vectors, which are of unit length."""
    return np.asarray((one * other).sum(axis=1), dtype=np.float32)


def overlap_at_10(one: Vectors, other: Vectors, /) -> float:
    """Share of each text's ten nearest other texts, fewer where there are fewer, that both models name, on average over all texts."""
    depth = min(_DEPTH, len(one) - 1)
    both = [_nearest(vectors, depth) for vectors in (one, other)]
    return float(np.mean([len(set(left) & set(right)) / depth for left, right in zip(*both, strict=True)]))


def known_item_ndcg_at_10(questions: Vectors, answers: Vectors, /) -> float:
    """nDCG@10 where question i has one right answer, answer i: 1 / log2(1 + its rank), 0 from rank 11 on; on average over all.

    Other answers of the same score count as before it.
    """
    scores = questions @ answers.T
    ranks = (scores >= np.diag(scores)[:, None]).sum(axis=1)
    return float(np.mean(np.where(ranks <= _DEPTH, 1 / np.log2(1 + ranks), 0)))


def _nearest(vectors: Vectors, depth: int) -> npt.NDArray[np.intp]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
