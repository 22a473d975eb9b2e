"""How sure a find is: a logistic curve over the evidence, with weights that `calibrate` fitted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("calibration.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted numbers: `rank` orders articles, `sure` turns the first one's evidence into a probability."""

    rank: Mapping[str, float]
    sure: Mapping[str, float]  # evidence -> weight, and "bias"
    answer_at: float
    clarify_at: float


def read_calibration(path: Path = _FILE) -> Calibration:
    """The calibration in a file; without an argument the one that comes with the package."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(data["rank"], data["sure"], data["answer_at"], data["clarify_at"])


def weigh(weights: Mapping[str, float], evidence: Mapping[str, float]) -> float:
    """The weighted sum of the evidence, plus the bias if the weights have one."""
    return weights.get("bias", 0.0) + sum(weights.get(name, 0.0) * value for name, value in evidence.items())


def probability(weights: Mapping[str, float], evidence: Mapping[str, float]) -> float:
    """The evidence as a probability, 0..1."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, weigh(weights, evidence)))))


def shares(scores: Sequence[float]) -> list[float]:
    """Each score's share of the exponentials of all: how far an article stands out among its rivals, 0..1."""
    top = max(scores, default=0.0)
    raised = [math.exp(score - top) for score in scores]
    return [value / sum(raised) for value in raised]
