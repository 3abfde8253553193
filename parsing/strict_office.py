"""Office files in the strict dialect of ISO 29500, put into the words of the transitional one that every library reads."""

import io
import re
import zipfile

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/"


def transitional(content: bytes, /) -> bytes:
    """The same file; if it is a strict one, with its namespaces renamed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if not _STRICT.search(archive.read("_rels/.rels")):
            return content
        renamed = io.BytesIO()
        with zipfile.ZipFile(renamed, "w", zipfile.ZIP_STORED) as copy:
            for name in archive.namelist():
                part = archive.read(name)
                copy.writestr(name, _STRICT.sub(_TRANSITIONAL, part) if name.endswith((".xml", ".rels")) else part)
    return renamed.getvalue()
