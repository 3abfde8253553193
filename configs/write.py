"""Changing `ragkeep.yaml` without losing what people wrote into it: comments, order and quotes stay."""

import os
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from yaml import safe_load

from contracts.errors import UsageError


def check_counts(assignments: Iterable[str], /) -> None:
    """Raises UsageError where the environment says one of these settings, since it wins over the file."""
    for assignment in assignments:
        variable = "RAGKEEP_" + assignment.partition("=")[0].strip().replace(".", "__").upper()
        if variable in os.environ:
            raise UsageError(f"{variable} is set and wins over ragkeep.yaml. Unset it, or change it there")


def write_settings(file: Path, assignments: Iterable[str], /) -> None:
    """The file states these `section.key=value`, values in YAML. It is replaced whole: a crash leaves the one or the other."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 10_000
    text = file.read_text(encoding="utf-8")
    read = yaml.load(text)
    # Of a file of nothing but comments nothing is read, so they are put back as they are.
    values, head = (CommentedMap(), text) if read is None else (read, "")
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        *sections, key = path.strip().split(".")
        place = values
        for section in sections:
            if place.get(section) is None:
                place[section] = CommentedMap()
            place = place[section]
        place[key] = safe_load(value)
    written = StringIO()
    yaml.dump(values, written)
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(head + written.getvalue(), encoding="utf-8")
    os.replace(beside, file)
