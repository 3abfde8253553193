"""The workspace of twins is shared with the tests of the flows."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "flows"))
