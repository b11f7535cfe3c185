"""The settings of the service, read once from the environment (`INGEST_...`) and passed on from there.

Here: every setting with its default, bounds and description, what the files in a model's folder say, and the refusal of
invalid ones.
Not here: variables that are not settings (ingest/environment.py), and limits of the API (ingest/limits.py).
"""

from ingest.config.embedding_model import LOCAL_MODEL, EmbeddingModel
from ingest.config.lists import split_commas
from ingest.config.loading import load_settings, load_settings_or_exit
from ingest.config.settings import GATEWAYS, RENAMED_VARIABLES, Settings

__all__ = [
    "GATEWAYS",
    "LOCAL_MODEL",
    "RENAMED_VARIABLES",
    "EmbeddingModel",
    "Settings",
    "load_settings",
    "load_settings_or_exit",
    "split_commas",
]
