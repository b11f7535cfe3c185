"""The settings of an evaluation: how each golden query is searched through the API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.errors import InvalidRequest
from ingest.search.evaluation.golden import GoldenQuery

MAX_RESULTS = 50
"""The largest number of results that a search returns."""

_RANKING_NAMES = ("ranker", "score_threshold")
_WEIGHT_NAMES = ("embedding_weight", "text_weight")
_SEARCH_NAMES = ("max_num_results", "index", "rewrite_query", "max_per_file", "fold_duplicates")
SETTING_NAMES = ("store", *_WEIGHT_NAMES, *_RANKING_NAMES, *_SEARCH_NAMES)


@dataclass(frozen=True)
class SearchSettings:
    """A store by its id or name, and the fields of its searches by their API names."""

    store: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The settings in one line."""
        return ", ".join([self.store, *(f"{name}={json.dumps(value)}" for name, value in self.fields.items())])

    @property
    def max_results(self) -> int | None:
        """The number of results, if it is set."""
        return self.fields.get("max_num_results")

    def with_changes(self, changes: Mapping[str, Any]) -> "SearchSettings":
        """Return the settings with other values for some of them."""
        others = {name: value for name, value in changes.items() if name != "store"}
        return replace(self, store=str(changes.get("store", self.store)), fields={**self.fields, **others})

    def body(self, query: GoldenQuery, depth: int) -> dict[str, Any]:
        """Return the body of the search request of a query; `depth` is how many results the metrics look at.

        Where the query expects files, each file is found once, so that the results reach down to `depth` files.
        """
        body: dict[str, Any] = {"query": query.query, "max_num_results": self.max_results or depth}
        body |= {name: self.fields[name] for name in _SEARCH_NAMES if name in self.fields}
        if query.expects_files:
            body.setdefault("max_per_file", 1)
        ranking = {name: self.fields[name] for name in _RANKING_NAMES if name in self.fields}
        if weights := {name: self.fields[name] for name in _WEIGHT_NAMES if name in self.fields}:
            ranking["hybrid_search"] = {"embedding_weight": 0.0, "text_weight": 0.0} | weights
        if ranking:
            body["ranking_options"] = ranking
        return body if query.filters is None else body | {"filters": query.filters}


def parse_changes(options: list[str]) -> dict[str, Any]:
    """Return settings from texts like `text_weight=0`; several may stand in one text, separated by commas.

    Raises InvalidRequest for an unknown name.
    """
    changes: dict[str, Any] = {}
    for option in (part for text in options for part in text.split(",") if part.strip()):
        name, separator, value = option.strip().partition("=")
        if name not in SETTING_NAMES or not separator:
            known = ", ".join(SETTING_NAMES)
            raise InvalidRequest(f"'{option.strip()}' is not a setting: expected NAME=VALUE, with a name of {known}.")
        changes[name] = value if name in ("store", "ranker", "index") else _parse_value(value)
    return changes


def _parse_value(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
