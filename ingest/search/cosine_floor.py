"""The cosine floor of an embedding model: the mean cosine of texts that have nothing to do with each other.

Models differ: unrelated texts have about 0.03 with all-MiniLM-L6-v2, 0.42 with bge-small and 0.78 with multilingual-e5. A
fused score counts from the floor on, so it means the same with every model. The floor is measured once per model with its
own embedder, at the first search that needs it, and kept in the database for all processes.
"""

from contextlib import suppress
from itertools import product

import numpy as np

from ingest.db.content import collections
from ingest.errors import DependencyDown, FileError
from ingest.services import Services
from ingest.steps.embed import Embedder

# Changing a sentence changes no stored floor. The sentences are English, the language that every model knows: a model
# without training in others gives their texts a high cosine for the script or the language alone (all-MiniLM-L6-v2: 0.08
# instead of 0.03 if half of the sentences are in five other languages), which would hide real differences.
SENTENCES = (
    "The ferry to the island leaves every morning at half past six.",
    "Photosynthesis converts light into chemical energy inside the leaves of plants.",
    "The board approved the budget for the new hospital wing.",
    "Knead the dough for ten minutes and let it rise under a cloth.",
    "Her grandfather repaired violins in a small workshop behind the church.",
    "The compiler reports an error when a variable is used before it is declared.",
    "Glaciers carve deep valleys over thousands of years.",
    "The tenant must give three months' notice before the end of the contract.",
    "A goalkeeper may not touch the ball with his hands after a back pass.",
    "Interest rates rose by a quarter of a percentage point in March.",
    "The novel follows two sisters who inherit a lighthouse.",
    "Vaccinated patients showed fewer symptoms during the second week.",
)

QUERIES = 4
"""How many of the sentences are compared as queries with the others as passages. Many models embed the two differently."""


def cosine_floor(services: Services, model: str) -> float:
    """Return the cosine floor of a model; measure and record it if that was not done yet.

    Raises DependencyDown if the embedder fails then. Only searches with dense scores need the floor, and they need the
    embedder too.
    """
    floor = services.cosine_floors.get(model)
    if floor is None:
        with services.database.reading() as session:
            floor = collections.cosine_floor(session, model)
        services.cosine_floors[model] = floor = _measure_and_record(services, model) if floor is None else floor
    return floor


def measure(embedder: Embedder) -> float:
    """Return the mean cosine of unrelated sentences. Raises DependencyDown if the embedder does not give any."""
    try:
        passages = embedder.embed(SENTENCES)
    except FileError as error:
        raise DependencyDown("embedder", f"refuses plain sentences with '{embedder.model}': {error}") from error
    queries = [embedder.embed_query(sentence) for sentence in SENTENCES[:QUERIES]]
    pairs = [(i, j) for i, j in product(range(QUERIES), range(len(SENTENCES))) if i != j]
    floor = float(np.mean([np.max(passages[j] @ queries[i]) for i, j in pairs]))
    if not np.isfinite(floor):
        raise DependencyDown("embedder", f"gave vectors of '{embedder.model}' that are not finite numbers")
    return min(1.0, max(-1.0, floor))


def _measure_and_record(services: Services, model: str) -> float:
    """Several processes may measure at once; all use the floor that is recorded first."""
    with services.breaker_of(model).guard():
        floor = measure(services.embedder_of(model))
    with suppress(DependencyDown), services.database.transaction() as session:  # a search works without writing
        recorded = collections.record_cosine_floor(session, model, floor)
        floor = floor if recorded is None else recorded
    return floor
