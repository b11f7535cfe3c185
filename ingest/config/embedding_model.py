"""The configuration of one embedding model."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

LOCAL_MODEL = "all-MiniLM-L6-v2"
"""The model that is part of the installation and needs no configuration."""

NAME_CHARACTERS = 200


class EmbeddingModel(BaseModel):
    """One of several embedding models. Each field means what the setting INGEST_EMBEDDING_<field> means."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: str = Field(min_length=1, max_length=NAME_CHARACTERS)
    name: str = Field("", max_length=NAME_CHARACTERS)
    """The name that stores use; empty = `model`. One model with two vector lengths needs two names."""
    url: str = ""
    api_key: SecretStr = SecretStr("")
    dimensions: int = Field(0, ge=0)
    send_dimensions: bool = False
    context_tokens: int = Field(8191, ge=16)
    batch_inputs: int = Field(64, ge=1, le=2048)
    timeout_seconds: float = Field(60.0, gt=0)
