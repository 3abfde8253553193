"""The positive control: a secret planted in every encoding that the witness claims to read, which it must then find."""

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts.errors import RagkeepError
from forensics.plants import PLANTS, Plant, Secret
from forensics.scan import scan


@dataclass(frozen=True, slots=True)
class Eye:
    """One encoding: whether what was planted in it was found, and whether what was not planted was not."""

    encoding: str
    sees: bool
    imagines: bool


def prove_eyes() -> tuple[Eye, ...]:
    """Each encoding tried with fresh secrets in a folder of its own, which is gone afterwards. A scan proves something if all see."""
    with tempfile.TemporaryDirectory(prefix="ragkeep-eyes-") as folder:
        return tuple(_try(Path(folder) / f"{number}", name, plant) for number, (name, plant) in enumerate(PLANTS.items()))


def check_eyes() -> None:
    """Nothing, if every encoding is seen here; RagkeepError names those that are not, for then a scan proves nothing."""
    blind = [eye.encoding for eye in prove_eyes() if not eye.sees or eye.imagines]
    if blind:
        raise RagkeepError(f"erasure scan: it does not see what was planted as {', '.join(blind)}, so it would prove nothing here")


def _try(folder: Path, name: str, plant: Plant) -> Eye:
    folder.mkdir()
    text, other = (f"Đỗ Thị “{secrets.token_hex(8)}” & Søn" for _ in range(2))
    vector, another = (np.frombuffer(secrets.token_bytes(32), "<u4").astype("<f4").tobytes() for _ in range(2))
    plant(folder, Secret(text, vector))
    scanned = scan(folder, [text.encode(), vector, other.encode(), another])
    seen = {found.needle for found in scanned.found}
    return Eye(name, sees=bool(seen & {0, 1}) and not scanned.unread, imagines=bool(seen & {2, 3}))
