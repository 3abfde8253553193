"""Write one notice in every format that parsing reads: `python samples/make_formats.py [OUT_DIR]`. The same script gives the same bytes.

Left out are Outlook's messages and Office files from before 2007, which only their own programs write well.
"""

import json
import sys
import unicodedata
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import matplotlib
from formats.archive import DAY
from formats.book import write_book
from formats.mail import write_mail
from formats.page import write_pdf
from formats.sample import Sample
from formats.slides import write_slides
from formats.tables import write_csv, write_workbook
from formats.web import write_html, write_markdown, write_text
from formats.word import write_word
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
TITLE = "Opening hours of the tool library"
ENGLISH = "Members may borrow two tools at a time and bring them back within a week, clean and dry."
VIETNAMESE = "Thành viên được mượn hai dụng cụ một lần và trả lại trong vòng một tuần, sạch sẽ và khô ráo."
ITEMS = ("Bring your member card", "Tell us what broke")
ROWS = (("Day", "Opens", "Closes"), ("Tuesday", "9", "12"), ("Saturday", "14", "18"))
BODY = f"# {TITLE}\n\n{ENGLISH}\n\n{VIETNAMESE}\n\n- {ITEMS[0]}\n- {ITEMS[1]}\n\n" + "\n".join(
    f"| {' | '.join(row)} |" for row in (ROWS[0], ("---",) * 3, *ROWS[1:])
)
FRONT = {
    "title": TITLE,
    "language": "vi",
    "header": "Ben Sen Co-operative",
    "footer": "Ben Sen Co-operative, tool library",
    "mail": {"From": "tools@bensen.example", "To": "members@bensen.example", "Subject": TITLE, "Date": "Mon, 05 Jan 2026 08:00:00 +0000"},
}
TCVN3 = str.maketrans(
    "ăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
    "¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
)
VNI_TONES = {"\u0300": "ø", "\u0301": "ù", "\u0303": "õ", "\u0309": "û", "\u0323": "ï"}
VNI_ROOF = {"": "â", "\u0300": "à", "\u0301": "á", "\u0303": "ã", "\u0309": "å", "\u0323": "ä"}
VNI_BOWL = {"": "ê", "\u0300": "è", "\u0301": "é", "\u0303": "ü", "\u0309": "ú", "\u0323": "ë"}
VNI_ALONE = {"í": "í", "ì": "ì", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î", "đ": "ñ", "ơ": "ô", "ư": "ö"}
LONG_VIETNAMESE = f"{VIETNAMESE} Người nào làm hỏng dụng cụ phải báo ngay cho thủ thư; không ai phải đền nếu đã dùng đúng cách và cẩn thận."


def make_formats(out: Path) -> list[Path]:
    """The files written to `out`, one a format."""
    out.mkdir(parents=True, exist_ok=True)
    for name, data in _files().items():
        (out / name).write_bytes(data)
    return [out / name for name in _files()]


def _files() -> dict[str, bytes]:
    writers = {
        "csv": write_csv, "docx": write_word, "eml": write_mail, "epub": write_book, "html": write_html, "md": write_markdown,
        "pdf": write_pdf, "pptx": write_slides, "txt": write_text, "xlsx": write_workbook,
    }  # fmt: skip
    files = {f"notice.{suffix}": writer(Sample(f"notice.{suffix}", FRONT, BODY)) for suffix, writer in writers.items()}
    slides = BODY.replace("\n\n| Day", "\n\n# Hours\n\n| Day")
    files["notice.pptx"] = write_slides(Sample("notice.pptx", FRONT, slides))
    files |= {f"notice.{suffix}": text.encode() for suffix, text in _markups().items()}
    files |= {f"notice.{suffix}": _open_document(*parts) for suffix, parts in _OPEN_DOCUMENTS.items()}
    return _packed(files) | {
        "notice.tsv": "\n".join("\t".join(row) for row in ROWS).encode("utf-16"),
        "notice-tcvn3.txt": LONG_VIETNAMESE.lower().translate(TCVN3).encode("latin-1"),
        "notice-vni.txt": _vni(LONG_VIETNAMESE).encode("latin-1"),
        "notice.png": _picture(),
    }


def _packed(files: dict[str, bytes]) -> dict[str, bytes]:
    """With a letter that has the notice attached, and an archive that holds the notice, the letter, and another archive."""
    letter = {**FRONT, "attachments": {"notice.csv": files["notice.csv"].decode()}}
    files["letter.eml"] = write_mail(Sample("letter.eml", letter, BODY))
    inner = _archive({"notice.html": files["notice.html"]})
    files["notices.zip"] = _archive({"one/notice.txt": files["notice.txt"], "letter.eml": files["letter.eml"], "more.zip": inner})
    return files


def _archive(members: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name, DAY), content)
    return file.getvalue()


def _markups() -> dict[str, str]:
    rows = "\n".join(f"   * - {row[0]}\n     - {row[1]}\n     - {row[2]}" for row in ROWS)
    record = {
        "title": TITLE,
        "text": [ENGLISH, VIETNAMESE],
        "items": ITEMS,
        "hours": [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]],
    }
    cells = "".join("<row>" + "".join(f"<cell>{cell}</cell>" for cell in row) + "</row>" for row in ROWS)
    return {
        "adoc": f"= {TITLE}\n\n{ENGLISH}\n\n{VIETNAMESE}\n\n* {ITEMS[0]}\n* {ITEMS[1]}\n\n|===\n{_bars(ROWS)}\n|===\n",
        "ipynb": json.dumps(_notebook(), ensure_ascii=False),
        "json": json.dumps(record, ensure_ascii=False),
        "jsonl": "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in (TITLE, ENGLISH, VIETNAMESE, *ITEMS)),
        "org": f"* {TITLE}\n{ENGLISH}\n\n{VIETNAMESE}\n\n- {ITEMS[0]}\n- {ITEMS[1]}\n\n{_bars(ROWS, end='|')}\n",
        "rst": f"{TITLE}\n{'=' * len(TITLE)}\n\n{ENGLISH}\n\n{VIETNAMESE}\n\n- {ITEMS[0]}\n- {ITEMS[1]}\n\n.. list-table::\n\n{rows}\n",
        "rtf": "{\\rtf1\\ansi " + "\\par ".join(_rtf(text) for text in (TITLE, ENGLISH, VIETNAMESE, *ITEMS)) + "\\par}",
        "tex": f"\\documentclass{{article}}\\begin{{document}}\\section{{{TITLE}}}\n{ENGLISH}\n\n{VIETNAMESE}\n\n"
        f"\\begin{{itemize}}\\item {ITEMS[0]}\\item {ITEMS[1]}\\end{{itemize}}\\end{{document}}\n",
        "xml": f"<notice><title>{TITLE}</title><text>{ENGLISH}</text><text>{VIETNAMESE}</text><item>{ITEMS[0]}</item>"
        f"<item>{ITEMS[1]}</item>" + f"{cells}</notice>",
    }


def _bars(rows: tuple[tuple[str, ...], ...], *, end: str = "") -> str:
    return "\n".join("".join(f"|{cell}" for cell in row) + end for row in rows)


def _notebook() -> dict[str, object]:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [BODY]}]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


def _rtf(text: str) -> str:
    return "".join(letter if letter.isascii() else f"\\u{ord(letter)}?" for letter in text)


def _vni(text: str) -> str:
    return "".join(_vni_letter(letter.lower()).upper() if letter.isupper() else _vni_letter(letter) for letter in text)


def _vni_letter(letter: str) -> str:
    if letter in VNI_ALONE or letter.isascii():
        return VNI_ALONE.get(letter, letter)
    base, *marks = unicodedata.normalize("NFD", letter)
    tone = next((mark for mark in marks if mark in VNI_TONES), "")
    if "\u0302" in marks or "\u0306" in marks:
        return base + (VNI_ROOF if "\u0302" in marks else VNI_BOWL)[tone]
    return ({"o": "ô", "u": "ö"}[base] if "\u031b" in marks else base) + VNI_TONES[tone]


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name if name != "draw" else "drawing"}:1.0"'
    for name in ("office", "text", "table", "draw", "presentation")
)
_TABLE = '<table:table table:name="Hours">' + "".join(
    "<table:table-row>" + "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row) + "</table:table-row>"
    for row in ROWS
) + "</table:table>"  # fmt: skip
_LIST = "<text:list>" + "".join(f"<text:list-item><text:p>{item}</text:p></text:list-item>" for item in ITEMS) + "</text:list>"
_TEXTS = f"<text:p>{ENGLISH}</text:p><text:p>{VIETNAMESE}</text:p>"
_OPEN_DOCUMENTS = {
    "odt": ("text", f'<office:text><text:h text:outline-level="1">{TITLE}</text:h>{_TEXTS}{_LIST}{_TABLE}</office:text>'),
    "ods": ("spreadsheet", f"<office:spreadsheet>{_TABLE}</office:spreadsheet>"),
    "odp": (
        "presentation",
        '<office:presentation><draw:page draw:name="one"><draw:frame presentation:class="title"><draw:text-box>'
        f"<text:p>{TITLE}</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box>{_TEXTS}{_LIST}</draw:text-box></draw:frame>"
        f'<presentation:notes><draw:frame presentation:class="notes"><draw:text-box><text:p>Say it slowly.</text:p></draw:text-box>'
        "</draw:frame></presentation:notes></draw:page></office:presentation>",
    ),
}


def _open_document(kind: str, body: str) -> bytes:
    media = f"application/vnd.oasis.opendocument.{kind}"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    parts = (("/", media), ("content.xml", "text/xml"), ("styles.xml", "text/xml"))
    entries = "".join(f'<m:file-entry m:full-path="{path}" m:media-type="{type_}"/>' for path, type_ in parts)
    members = {
        "mimetype": media,
        "content.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_SPACES} office:version="1.2">'
        f"<office:body>{body}</office:body></office:document-content>",
        "styles.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-styles {_SPACES} office:version="1.2">'
        "<office:font-face-decls/><office:styles/><office:automatic-styles/><office:master-styles/></office:document-styles>",
        "META-INF/manifest.xml": f'<?xml version="1.0" encoding="UTF-8"?><m:manifest xmlns:m="{manifest}">{entries}</m:manifest>',
    }
    return _archive({name: text.encode() for name, text in members.items()})


def _picture() -> bytes:
    """The notice as a scan: black letters on white, no shades, so that it stays small."""
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), 40)
    picture = Image.new("1", (2100, 420), 1)
    for number, line in enumerate((TITLE, ENGLISH, VIETNAMESE)):
        ImageDraw.Draw(picture).text((40, 40 + 120 * number), line, fill=0, font=font)
    file = BytesIO()
    picture.save(file, "PNG", compress_level=0)
    return file.getvalue()


if __name__ == "__main__":
    written = make_formats(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "each_format")
    print(f"{len(written)} files")
