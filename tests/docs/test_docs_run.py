"""The docs are run: commands parse, Python runs, YAML loads, links lead somewhere, and the demo still prints what the README shows."""

import os
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from configs.settings import Settings
from configs.template import render_template
from evaluation.golden import read_golden
from ragkeep.cli import app
from scripts.docs_transcript import KEPT, record, shape

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "samples" / "README.md"])
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", flags=re.MULTILINE | re.DOTALL)
HANDBOOK = """# Leave

Every employee has twenty four days of paid leave a year, and five more after ten years of service.

# Sickness

Who is ill tells their manager before nine, and brings a certificate from the third day on.
"""


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """(page, code) of every fenced block in one of the languages, in the order of pages and lines."""
    for page in PAGES:
        for _, language, code in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if language in languages:
                yield page.relative_to(ROOT).as_posix(), textwrap.dedent(code)


def commands(name: str) -> list[tuple[str, str]]:
    """(page, command line) of every call of a program in the docs' terminals and scripts."""
    lines = ((page, line.strip().removeprefix("$ ")) for page, code in blocks("sh", "bash", "console") for line in code.splitlines())
    return [(page, line) for page, line in lines if re.match(rf"{name}\s", line)]


@pytest.mark.parametrize(("page", "line"), commands("ragkeep"))
def test_every_ragkeep_command_in_the_docs_parses(page: str, line: str) -> None:
    command, context, arguments = typer.main.get_command(app), None, shlex.split(line, comments=True)[1:]
    while True:
        context = command.make_context(command.name, arguments, parent=context)
        rest = [*context._protected_args, *context.args]
        if not hasattr(command, "commands") or (command.invoke_without_command and not rest):
            break
        name, command, arguments = command.resolve_command(context, rest)
        assert command is not None, f"{page}: {name}"


@pytest.mark.parametrize(("page", "line"), commands("make"))
def test_every_make_target_in_the_docs_exists(page: str, line: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = [word for word in shlex.split(line, comments=True)[1:] if "=" not in word]
    assert set(named) <= targets, page


@pytest.mark.parametrize(("page", "code"), list(blocks("yaml")))
def test_every_block_of_settings_or_golden_questions_in_the_docs_is_valid(page: str, code: str, tmp_path: Path) -> None:
    said = yaml.safe_load(code)
    if isinstance(said, list):
        (tmp_path / "golden.yaml").write_text(code, encoding="utf-8")
        assert read_golden(tmp_path / "golden.yaml"), page
    else:
        assert Settings(**said), page


def test_every_setting_that_the_docs_name_exists() -> None:
    sections = {name: field.annotation for name, field in Settings.model_fields.items() if name not in ("sources", "readers")}
    for page in PAGES:
        for section, key in re.findall(r"`(\w+)\.(\w+)`", page.read_text(encoding="utf-8")):
            if section in sections:
                assert key in sections[section].model_fields, f"{page.name}: {section}.{key}"


def test_every_link_in_the_docs_leads_to_a_file_and_its_heading() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", page.read_text(encoding="utf-8"))):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), f"{page.name}: {target}"
            if anchor:
                assert anchor in _anchors(file), f"{page.name}: {target}"


def test_every_test_that_the_docs_name_exists() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"def (test_\w+)\(", code)) | {file.stem for file in (ROOT / "tests").rglob("test_*.py")}
    for page in PAGES:
        named = set(re.findall(r"\btest_\w+", page.read_text(encoding="utf-8")))
        assert named <= tests, f"{page.name}: {sorted(named - tests)}"


@pytest.mark.slow
def test_python_in_the_docs_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAGKEEP_WORKSPACE", raising=False)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "handbook.md").write_text(HANDBOOK, encoding="utf-8")
    (tmp_path / "ragkeep.yaml").write_text(render_template({"handbook": "documents"}), encoding="utf-8")
    namespace: dict[str, object] = {}
    for page, code in blocks("python"):
        exec(compile(code, page, "exec"), namespace)
    printed = capsys.readouterr().out
    assert "1 documents, 2 rows" in printed
    assert "handbook.md" in printed


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demo_prints_what_the_docs_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", os.environ.get("COLUMNS", ""))  # `record` sets it: put it back afterwards
    assert shape(record()) == shape(KEPT.read_text(encoding="utf-8")), "run: python -m scripts.docs_transcript && make docs COG=-r"


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
