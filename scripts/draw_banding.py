"""docs/banding.svg: the chance with which two texts are compared, over their similarity, as the code computes it.

python -m scripts.draw_banding          draw it again
"""

import sys
from pathlib import Path

import numpy as np

from configs.banding import Banding
from configs.settings import DedupSettings

TARGET = Path(__file__).parents[1] / "docs" / "banding.svg"


def draw(target: Path, /) -> None:
    """The S-curves of the default banding and of those that other thresholds choose. The same file for the same code."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    with mpl.rc_context({"svg.hashsalt": "banding", "svg.fonttype": "none", "font.size": 11}):
        figure, axes = pyplot.subplots(figsize=(8, 4.5))
        jaccard = np.linspace(0, 1, 201)
        for threshold, colour in ((0.5, "#1b6e20"), (0.7, "#0b57d0"), (0.9, "#b3261e")):
            banding: Banding = DedupSettings(threshold=threshold).banding()
            label = f"threshold {threshold}: {banding.bands} bands of {banding.rows}"
            axes.plot(jaccard, [banding.chance(float(each)) for each in jaccard], color=colour, label=label)
            axes.plot([threshold], [banding.chance(threshold)], "o", color=colour)
        axes.set(xlabel="Jaccard similarity of two texts", ylabel="chance that they are compared", xlim=(0, 1), ylim=(0, 1.02))
        axes.grid(color="#ddd")
        axes.legend(loc="upper left")
        figure.savefig(target, format="svg", metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
