"""Check the training data and train one model: `train.py --config F --domain F --data DIR --out DIR --name NAME`."""

import argparse
import contextlib
import io
import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Set

import light
import yaml
from quiet import harmless, quieten, quieten_rasa

if TYPE_CHECKING:
    from rasa.shared.importers.importer import TrainingDataImporter


def main(arguments: Optional[List[str]] = None) -> int:
    """Validate, train, put the model in its place; return 0, or 1 if the data are at fault."""
    options = read_options(arguments)
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    quieten()
    os.environ["LOG_LEVEL"] = "ERROR"  # below it Rasa draws progress bars
    os.environ.setdefault("RASA_CACHE_DIRECTORY", str(options.out / ".cache"))
    if light.all_light(components_of_config(options.config)):
        light.leave_out()
    say(started, "loading Rasa")
    quieten_rasa()
    reader = read_project(options)
    say(started, "validating")
    faults = validate(reader)
    if faults:
        print("\n".join(f"train.py: {fault}" for fault in faults), file=sys.stderr)
        return 1
    return train(reader, options, started)


def read_options(arguments: Optional[List[str]]) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config.yml"))
    parser.add_argument("--domain", type=Path, default=Path("domain.yml"), help="a file or a folder")
    parser.add_argument(
        # Not all of bot/data: Rasa would learn the sentences of its conversation tests too.
        "--data",
        type=Path,
        nargs="+",
        default=[Path("bot/data/nlu"), Path("bot/data/rules")],
    )
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--name", required=True, help="the model becomes OUT/NAME.tar.gz")
    return parser.parse_args(arguments)


def say(started: float, what: str) -> None:
    """Print one line of progress: the seconds since `started`, and what comes now."""
    print(f"{time.monotonic() - started:6.1f} s  {what}", file=sys.__stdout__, flush=True)


def components_of_config(config: Path) -> Set[str]:
    """Return the names of pipeline and policies; Rasa puts TensorFlow's own where a list is missing."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    lists = [
        content.get("pipeline") or [{"name": "unknown"}],
        content.get("policies") or [{"name": "unknown"}],
    ]
    return {part["name"] for parts in lists for part in parts}


def validate(reader: "TrainingDataImporter") -> List[str]:
    """Return what is wrong with domain and data, nothing if all is well.

    As `rasa data validate --fail-on-warnings`; rules that contradict each other show in training only.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        from rasa.cli.utils import _validate_domain, _validate_nlu, _validate_story_structure
        from rasa.validator import Validator

        heard.clear()  # deprecations, of the import
        validator = Validator.from_importer(reader)
        checks = [
            _validate_domain(validator),
            _validate_nlu(validator, fail_on_warnings=True),
            _validate_story_structure(validator, max_history=None, fail_on_warnings=True),
        ]
    said = [str(warning.message) for warning in heard if warning.category is UserWarning]
    faults = [message for message in said if not harmless(message)]
    return [] if all(checks) else faults or ["the stories contradict each other"]


def read_project(options: argparse.Namespace) -> "TrainingDataImporter":
    """Return Rasa's reader of the three inputs; it reads each once."""
    from rasa.shared.importers.importer import TrainingDataImporter

    return TrainingDataImporter.load_from_config(
        str(options.config), str(options.domain), [str(path) for path in options.data]
    )


def train(reader: "TrainingDataImporter", options: argparse.Namespace, started: float) -> int:
    """Train, and move the model to its name in one step, so that no server meets half a file."""
    # `model_training.train` is this after reading all of the data a second time.
    from rasa.model_training import _train_graph
    from rasa.shared.data import TrainingType
    from rasa.shared.exceptions import RasaException

    announce_components(started)
    with tempfile.TemporaryDirectory(dir=options.out, prefix=".training-") as folder:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it would praise the temporary file
                trained = _train_graph(reader, TrainingType.BOTH, folder, options.name)
        except RasaException as fault:  # rules that contradict each other, among others
            print(f"train.py: {fault}", file=sys.stderr)
            return 1
        if trained.model is None:
            return 1
        target = options.out / f"{options.name}.tar.gz"
        os.replace(trained.model, target)
    say(started, f"trained {target}")
    return 0


def announce_components(started: float) -> None:
    """Print a line as each component's training begins; Rasa logs just that."""

    class Announcer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if message.startswith(("Starting to train component", "Restored component")):
                say(started, message.replace("Starting to train component", "training").rstrip("."))

    hooks = logging.getLogger("rasa.engine.training.hooks")
    hooks.setLevel(logging.INFO)
    hooks.addHandler(Announcer())
    hooks.propagate = False


if __name__ == "__main__":
    sys.exit(main())
