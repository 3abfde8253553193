"""Write the sample corpus: `python samples/make_samples.py [OUT_DIR]`. The same sources give the same bytes."""

import csv
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import yaml
from formats.book import write_book
from formats.mail import write_mail
from formats.page import write_pdf
from formats.sample import Sample, read_sample
from formats.slides import write_slides
from formats.tables import write_csv, write_workbook
from formats.web import write_html, write_markdown, write_text
from formats.word import write_word

HERE = Path(__file__).parent
WRITERS: dict[str, Callable[[Sample], bytes]] = {
    ".csv": write_csv,
    ".docx": write_word,
    ".eml": write_mail,
    ".epub": write_book,
    ".html": write_html,
    ".md": write_markdown,
    ".pdf": write_pdf,
    ".pptx": write_slides,
    ".txt": write_text,
    ".xlsx": write_workbook,
}
SOURCE = yaml.safe_load((HERE / "ragkeep.yaml").read_text(encoding="utf-8"))["sources"]["cooperative"]
MANIFEST_COLUMNS = (
    "uri",
    "title",
    "owner",
    "lawful_basis",
    "purposes",
    "subjects",
    "groups",
    "classification",
    "jurisdiction",
    "date",
    "expires_at",
)


def make_samples(out: Path) -> list[Path]:
    """The files written to `out`: each sample, the sidecars of those that have one, and the manifest of the others.

    Every cell of the manifest is filled in, from the source's own terms if need be: an empty cell would have to be guessed at.
    """
    samples = [read_sample(path, HERE / "content") for path in sorted((HERE / "content").rglob("*.*.md"))]
    files = {sample.uri: _file(sample) for sample in samples}
    files |= {f"{sample.uri}.meta.yaml": _sidecar(sample) for sample in samples if sample.front.get("terms_in") == "sidecar"}
    files["terms.csv"] = _manifest([sample for sample in samples if sample.front.get("terms_in") == "manifest"])
    for uri, data in files.items():
        path = out / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [out / uri for uri in files]


def _file(sample: Sample) -> bytes:
    data = WRITERS[Path(sample.uri).suffix](sample)
    return data[: int(len(data) * sample.front.get("keep", 1))]


def _sidecar(sample: Sample) -> bytes:
    return yaml.safe_dump({"title": sample.title} | sample.front["terms"], allow_unicode=True, sort_keys=False).encode()


def _manifest(samples: list[Sample]) -> bytes:
    file = StringIO()
    rows = csv.DictWriter(file, MANIFEST_COLUMNS, lineterminator="\n")
    rows.writeheader()
    for sample in samples:
        terms = {"uri": sample.uri, "title": sample.title} | SOURCE["terms"] | sample.front["terms"]
        rows.writerow({name: ";".join(value) if isinstance(value, list) else value for name, value in terms.items()})
    return file.getvalue().encode()


if __name__ == "__main__":
    written = make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "documents")
    print(f"{len(written)} files")
