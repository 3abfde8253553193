"""What a file of any sample's format needs is loaded before the fork: a child that loads it pays for it, and so does the next."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_READ_EACH = """
import json, os, sys
from pathlib import Path

from parsing.libraries import load
from parsing.read import read
from parsing.reading import How
from parsing.zygote import _warm_up

_warm_up({"reader": "unstructured"})
load(pdf=True)
found = {}
for path in sorted(Path("samples/documents").rglob("*.*")):
    if path.suffix in found or path.suffix == ".yaml":
        continue
    reader, writer = os.pipe()
    if os.fork() == 0:
        before = set(sys.modules)
        read(path.read_bytes(), path.name, How())
        os.write(writer, json.dumps(sorted(set(sys.modules) - before)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found[path.suffix] = json.loads(pipe.read())
    os.wait()
print(json.dumps(found))
"""
_FEW = 10
"""Modules, of the standard library mostly, that take no time."""


def test_reading_a_file_loads_no_library_that_the_next_child_would_load_again():
    done = subprocess.run([sys.executable, "-c", _READ_EACH], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = json.loads(done.stdout)
    assert {".md", ".html", ".docx", ".pptx", ".xlsx", ".pdf", ".eml", ".epub", ".csv", ".txt"} <= set(loaded)
    assert {suffix: names for suffix, names in loaded.items() if len(names) > _FEW} == {}
