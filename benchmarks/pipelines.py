"""Compare NLU pipelines on our own examples (cross-validated) and on SMP2017 (learnt on train, tested on develop).

Runs in Rasa's environment, and reports each pipeline as a row of a Markdown table:

    bot/rasa/.venv/bin/python benchmarks/pipelines.py --nlu bot/data/nlu --folds 5 --pipelines ours words
    bot/rasa/.venv/bin/python benchmarks/pipelines.py --smp2017 DIR --pipelines ours diet --epochs 50

SMP2017-ECDT (Zhang et al., 2017, arXiv:1709.10217) is not part of the repository: DIR holds `train/` and `develop/`,
one text file per class, named `*_CLASS.txt`, one sentence a line.
"""

import argparse
import asyncio
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SEED = 42

Examples = list[tuple[str, str]]  # (text, class)


class Score(NamedTuple):
    """One pipeline on one data set: shares in 0..1, training in seconds, a message in milliseconds."""

    accuracy: float
    macro_f1: float
    training_seconds: float
    message_ms: float


def main() -> None:
    """Train and test every pipeline asked for, and print the table."""
    options = read_options()
    with tempfile.TemporaryDirectory() as cache:
        os.environ.update(
            RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3", RASA_CACHE_DIRECTORY=cache
        )
        quieten()
        os.chdir(ROOT)  # config.yml names the word list relative to the root
        splits = list(smp2017(options.smp2017) if options.smp2017 else folds(options.nlu, options.folds))[
            : options.parts
        ]
        learnt, tested = len(splits[0][0]), sum(len(test) for _, test in splits)
        print(f"learnt from {learnt}, tested on {tested} in {len(splits)} part(s)\n", flush=True)
        print("| pipeline | accuracy | macro-F1 | training, s | message, ms | accuracy per ms |")
        print("|---|---|---|---|---|---|")
        for name in options.pipelines:
            print(row(name, measure(pipelines(options.epochs)[name], splits)), flush=True)


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--nlu", type=Path, help="folder with Rasa's NLU examples, cross-validated")
    source.add_argument("--smp2017", type=Path, help="folder with train/ and develop/")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--parts", type=int, help="take the first parts of the folds only: DIET is slow")
    parser.add_argument("--epochs", type=int, default=100, help="for DIET")
    parser.add_argument("--pipelines", nargs="+", choices=sorted(pipelines(1)), default=["ours", "diet"])
    return parser.parse_args()


def quieten() -> None:
    """Let Rasa say warnings only: it would print every message it parses."""
    from rasa.utils.log_utils import configure_structlog

    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")
    configure_structlog(logging.WARNING)


def pipelines(epochs: int) -> dict[str, list[dict[str, Any]]]:
    """Return the pipelines by name; `ours` is that of config.yml without what does not choose the intent."""
    jieba = {"name": "JiebaTokenizer"}
    words = {"name": "CountVectorsFeaturizer"}
    logistic = {"name": "LogisticRegressionClassifier", "max_iter": 300}
    diet = {"name": "DIETClassifier", "epochs": epochs, "random_seed": SEED, "constrain_similarities": True}

    def characters(longest: int) -> dict[str, Any]:
        return {"name": "CountVectorsFeaturizer", "analyzer": "char", "min_ngram": 1, "max_ngram": longest}

    return {
        "ours": configured(),
        "words": [jieba, words, logistic],
        "characters": [jieba, characters(3), logistic],
        "both-2": [jieba, words, characters(2), logistic],
        "both-3": [jieba, words, characters(3), logistic],
        "both-4": [jieba, words, characters(4), logistic],
        "diet": [jieba, words, characters(3), diet],
    }


def configured() -> list[dict[str, Any]]:
    """Return config.yml's pipeline up to the intent classifier."""
    import yaml

    pipeline = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    return [part for part in pipeline if part["name"] not in ("FallbackClassifier", "RegexEntityExtractor")]


def smp2017(folder: Path) -> Iterator[tuple[Examples, Examples]]:
    """Yield the one split of SMP2017: what to learn from, what to test on."""

    def read(part: str) -> Examples:
        return [
            (line.strip(), file.stem.split("_", 1)[1])
            for file in sorted((folder / part).glob("*.txt"))
            for line in file.read_text(encoding="utf-8-sig").splitlines()
            if line.strip()
        ]

    yield read("train"), read("develop")


def folds(folder: Path, number: int) -> Iterator[tuple[Examples, Examples]]:
    """Yield (learn, test) for each of `number` parts, every intent spread evenly over them."""
    from rasa.shared.nlu.training_data.loading import load_data
    from sklearn.model_selection import StratifiedKFold

    found = load_data(str(folder)).intent_examples
    examples = [(example.get("text"), example.get("intent")) for example in found]
    parts = StratifiedKFold(number, shuffle=True, random_state=SEED)
    for learn, test in parts.split(examples, [intent for _, intent in examples]):
        yield [examples[i] for i in learn], [examples[i] for i in test]


def measure(pipeline: list[dict[str, Any]], splits: Sequence[tuple[Examples, Examples]]) -> Score:
    """Return the pipeline's score over all splits; the training time is that of one split, on average."""
    from sklearn.metrics import accuracy_score, f1_score

    wanted: list[str] = []
    given: list[str] = []
    training = asking = 0.0
    for learn, test in splits:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            model = train(pipeline, learn, Path(folder))
            training += time.perf_counter() - started
            answers, seconds = asyncio.run(ask(model, [text for text, _ in test]))
        asking += seconds
        wanted += [intent for _, intent in test]
        given += answers
    return Score(
        accuracy_score(wanted, given),
        f1_score(wanted, given, average="macro"),
        training / len(splits),
        1000 * asking / len(wanted),
    )


def train(pipeline: list[dict[str, Any]], examples: Examples, folder: Path) -> str:
    """Train a model of the examples in the folder and return its path."""
    from rasa.model_training import train_nlu
    from rasa.shared.utils.io import write_yaml

    by_intent: dict[str, list[str]] = {}
    for text, intent in examples:
        by_intent.setdefault(intent, []).append(text)
    nlu = [
        {"intent": i, "examples": "".join(f"- {text}\n" for text in texts)} for i, texts in by_intent.items()
    ]
    config = {"recipe": "default.v1", "language": "zh", "assistant_id": "compared", "pipeline": pipeline}
    write_yaml({"version": "3.1", "nlu": nlu}, folder / "nlu.yml")
    write_yaml(config, folder / "config.yml")
    return str(train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder / "models")))


async def ask(model: str, texts: Sequence[str]) -> tuple[list[str], float]:
    """Return the intent of each text and the seconds all of them took, one after another."""
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    await agent.parse_message("预热")
    started = time.perf_counter()
    answers = [(await agent.parse_message(text))["intent"]["name"] for text in texts]
    return answers, time.perf_counter() - started


def row(name: str, score: Score) -> str:
    """Return the table's row; accuracy per millisecond is in percent."""
    return (
        f"| {name} | {score.accuracy:.3f} | {score.macro_f1:.3f} | {score.training_seconds:.0f} "
        f"| {score.message_ms:.1f} | {100 * score.accuracy / score.message_ms:.1f} % |"
    )


if __name__ == "__main__":
    main()
