"""Which embedding model reads which language, where nobody chose one."""

import re

from configs.model import ModelSettings
from contracts.errors import UsageError

_DEFAULT_READS = "en"
_OTHERS = "intfloat/multilingual-e5-small"
"""Small, 512 tokens, a hundred languages; measured in docs/benchmarks.md on Vietnamese and English."""


def model_for(language: str, /) -> str:
    """The model to name in the settings for texts of a language (ISO 639-1, as `vi`); the default one, where it will do."""
    code = language.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise UsageError(f"--language {language}: expected a code of ISO 639, such as en or vi")
    return ModelSettings().name if code == _DEFAULT_READS else _OTHERS
