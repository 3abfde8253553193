"""What work costs, kept as data in `prices.yaml`: the defaults of the settings under `costs`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def listed_prices() -> dict[str, Any]:
    """`currency`, `machine_hour` and `million_tokens`."""
    prices: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("prices.yaml").read_text(encoding="utf-8"))
    return prices
