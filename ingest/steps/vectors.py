"""The vector shapes that the steps hand to one another: dense rows, and sparse term weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""Dense vectors: one row (dimensions,) or several rows (k, dimensions)."""


@dataclass(frozen=True)
class SparseVector:
    """BM25 weights of hashed terms; `indices` are 32-bit term ids in rising order."""

    indices: Sequence[int] | NDArray[np.int64]
    values: Sequence[float] | NDArray[np.float64]
