"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen, and an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
