"""How a signature is cut into bands, and with what chance two texts meet in one of them.

Two texts agree in one hash of a signature with the probability of their Jaccard similarity j, in a band of r hashes with j^r, and in at
least one of b bands with 1 - (1 - j^r)^b: an S-curve over j, the steeper the more rows (Broder 1997; Indyk and Motwani 1998).
"""

from dataclasses import dataclass

PERMUTATIONS = 128
"""Hashes of a signature, at most."""


@dataclass(frozen=True, slots=True)
class Banding:
    """So many bands of so many hashes each."""

    bands: int
    rows: int

    def chance(self, jaccard: float, /) -> float:
        """That two texts of this similarity share at least one band."""
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


def choose_banding(threshold: float, recall: float, /) -> Banding:
    """The steepest banding, so that of pairs below the threshold as few as can be are compared, that finds pairs at it with this chance.

    ValueError where no banding of so many hashes does.
    """
    for rows in range(PERMUTATIONS, 0, -1):
        banding = Banding(PERMUTATIONS // rows, rows)
        if banding.chance(threshold) >= recall:
            return banding
    best = Banding(PERMUTATIONS, 1).chance(threshold)
    raise ValueError(f"no bands of {PERMUTATIONS} hashes find a pair at {threshold} with a chance of {recall}, but with {best:.3f} at most")
