"""Same members, same bytes: Office files and EPUBs are zip archives that note when they were made."""

import re
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

DAY = (2026, 1, 5, 8, 0, 0)
STAMP = b"2026-01-05T08:00:00Z"
_STAMPED = re.compile(rb"(<(dcterms:(?:created|modified))[^>]*>)[^<]*(</\2>)")


def settle(archive: bytes) -> bytes:
    """`archive` with every date replaced by `DAY`. Members are stored, not deflated: builds of zlib disagree about the bytes."""
    settled = BytesIO()
    with ZipFile(BytesIO(archive)) as old, ZipFile(settled, "w", ZIP_STORED) as new:
        for name in old.namelist():
            member = old.read(name)
            new.writestr(
                ZipInfo(name, DAY), _STAMPED.sub(rb"\g<1>" + STAMP + rb"\g<3>", member) if name.endswith((".xml", ".opf")) else member
            )
    return settled.getvalue()
