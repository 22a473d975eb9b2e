"""Fitting the two sets of weights: a softmax over candidates for the order, a logistic curve for the confidence.

Both are convex and small, so plain projected gradient steps reach the one best point; weights keep the sign that their
evidence must have, so that more evidence for an article can never make it less likely.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 600


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled question: its candidates' keys and evidence, the right key (None: nobody's), and what it counts."""

    right: str | None
    keys: tuple[str, ...]
    numbers: tuple[Mapping[str, float], ...]
    weight: float


def fit_rank(cases: Sequence[Case], names: Sequence[str], *, penalty: float = 1e-3) -> dict[str, float]:
    """Weights (>= 0) under which the right candidate's score stands out among all of a question."""
    usable = [case for case in cases if case.right in case.keys]
    tables = [np.array([[n[name] for name in names] for n in case.numbers]) for case in usable]
    sizes = np.array([len(table) for table in tables])
    stacked = np.concatenate(tables)
    owner = np.repeat(np.arange(len(usable)), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    right = starts + np.array([case.keys.index(str(case.right)) for case in usable])
    counts = np.array([case.weight for case in usable])

    wanted = np.einsum("i,ij->j", counts, stacked[right])

    def slope(weights: Floats) -> Floats:
        # einsum, not @: these matrices are too thin to be shared out over BLAS threads, which only get into each
        # other's way on a busy machine.
        scores = np.einsum("ij,j->i", stacked, weights)
        raised = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        share = raised / np.add.reduceat(raised, starts)[owner]
        wrong = np.einsum("i,ij->j", share * counts[owner], stacked) - wanted
        return np.asarray(wrong / counts.sum() + penalty * weights)

    fitted = _descend(slope, np.ones(len(names)), np.ones(len(names)))
    return dict(zip(names, fitted.round(4).tolist(), strict=True))


def fit_sure(
    evidence: Sequence[Mapping[str, float]],
    right: Sequence[bool],
    counts: Sequence[float],
    signs: Mapping[str, float],
    *,
    penalty: float = 3e-4,
) -> dict[str, float]:
    """Weights and "bias" of the probability that a first hit is right; `signs`: evidence -> +1 or -1."""
    table = np.array([[row[name] for name in signs] + [1.0] for row in evidence])
    truth, weight = np.array(right, dtype=float), np.array(counts)
    kept = np.array([penalty] * len(signs) + [0.0])

    def slope(weights: Floats) -> Floats:
        chance = 1.0 / (1.0 + np.exp(-np.einsum("ij,j->i", table, weights)))
        return np.asarray(
            np.einsum("i,ij->j", (chance - truth) * weight, table) / weight.sum() + kept * weights
        )

    fitted = _descend(slope, np.zeros(len(signs) + 1), np.array([*signs.values(), 0.0]))
    return dict(zip([*signs, "bias"], fitted.round(4).tolist(), strict=True))


def _descend(slope: Callable[[Floats], Floats], start: Floats, signs: Floats) -> Floats:
    """Adam with shrinking steps; coordinates with a sign never cross zero."""
    weights, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, _STEPS + 1):
        gradient = slope(weights)
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        pace = 0.5 * 0.1 ** (3.0 * step / _STEPS)
        weights -= pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        weights = np.where(weights * signs < 0, 0.0, weights)
    return weights
