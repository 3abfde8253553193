"""What is kept of a calibrated model: its files, and what was measured before it was let in."""

import json
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import SettingsError

MODEL, WEIGHTS = "model.xml", "model.bin"
"""As OpenVINO names the two parts of a model: the graph, and beside it its numbers."""
RECORD = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How near the int8 model comes to the model in float32, on texts that it was not calibrated with."""

    calibrated_with: int
    """Texts whose ranges of values the numbers were fitted to."""
    measured_on: int
    cosine_mean: float
    """Of a text's two vectors."""
    cosine_min: float
    overlap_at_10: float
    """Share of the ten nearest other texts that both find, on average."""
    ndcg_at_10_float32: float
    """Where the second half of a text stands among all second halves, asked for by its first."""
    ndcg_at_10_int8: float

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """Why it may not serve; empty if it may."""
        bounds = (
            ("mean cosine", self.cosine_mean, _COSINE_MEAN),
            ("least cosine", self.cosine_min, _COSINE_MIN),
            ("overlap of the ten nearest", self.overlap_at_10, _OVERLAP),
            ("nDCG@10 against float32", self.ndcg_at_10_int8 - self.ndcg_at_10_float32, -_NDCG_DROP),
        )
        return tuple(f"{name} {value:.4f}, wanted {least} or more" for name, value, least in bounds if not value >= least)


_COSINE_MEAN, _COSINE_MIN = 0.99, 0.97
_OVERLAP = 0.85
_NDCG_DROP = 0.005
"""Half a point."""


def calibrated_weights(folder: Path, /) -> tuple[Path, Path]:
    """Both files of the model, which together are its identity. SettingsError where nothing was calibrated."""
    if not (folder / RECORD).exists():
        raise SettingsError("model.dtype: there is no int8 model in this workspace. Make and measure one with: ragkeep calibrate")
    return folder / MODEL, folder / WEIGHTS


def read_calibration(folder: Path, /) -> Calibration | None:
    """What was measured, None where nothing was calibrated."""
    record = folder / RECORD
    return Calibration(**json.loads(record.read_text(encoding="utf-8"))) if record.exists() else None
