"""Keep TensorFlow, and much else that Rasa imports, out of a process whose model does not use it."""

import json
import sys
import tarfile
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Iterable, Optional, Set

HEAVY = {"tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text", "keras"}
# Of channels and stores that are not ours, of plots and of Rasa's own command line.
UNUSED = {
    "aiogram",
    "boto3",
    "botocore",
    "fbmessenger",
    "matplotlib",
    "mattermostwrapper",
    "prompt_toolkit",
    "pymongo",
    "questionary",
    "rocketchat_API",
    "slack_sdk",
    "twilio",
    "webexteamssdk",
}

# Components known to do without. Any other name, one of ours to come or DIET, gets the real TensorFlow.
LIGHT_COMPONENTS = {
    "CountVectorsFeaturizer",
    "EntitySynonymMapper",
    "FallbackClassifier",
    "JiebaTokenizer",
    "KeywordIntentClassifier",
    "LexicalSyntacticFeaturizer",
    "LogisticRegressionClassifier",
    "MemoizationPolicy",
    "RegexEntityExtractor",
    "RegexFeaturizer",
    "RegexMessageHandler",
    "RulePolicy",
    "WhitespaceTokenizer",
}
# What Rasa itself puts around the components in a model's graph.
RASA_FRAMES = ("rasa.graph_components.", "rasa.core.policies.ensemble.")


class Absent(type):
    """The kind of every name that is not there: it can be named, inherited from, not used."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name, (), {"__module__": "absent"})

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        if len(arguments) == 1 and not options and callable(arguments[0]):
            return arguments[0]  # as a decorator
        if cls.__module__ == "absent" and options and not arguments:
            return lambda function: function  # as a decorator with options
        raise RuntimeError(f"{cls.__name__} is of a package that was left out: see bot/rasa/light.py")


class AbsentModule(ModuleType):
    """A module that has any name asked for."""

    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name, (), {"__module__": "absent"})


class AbsentFinder(MetaPathFinder, Loader):
    """Finds every module of what is left out, and loads nothing."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """Answer for those modules only."""
        left_out = name.partition(".")[0] in HEAVY | UNUSED
        return ModuleSpec(name, self, is_package=True) if left_out else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty module that has every name."""
        module = AbsentModule(spec.name)
        module.__path__ = []  # it may be asked for modules of its own
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: there is no code."""


def leave_out() -> None:
    """Let imports of these packages succeed in no time and with nothing in them; call it before Rasa is imported.

    Rasa imports TensorFlow for type hints and base classes wherever it goes, and the packages of every channel and
    store that it knows. Measured: 8.6 of the 15 s that importing Rasa took, and 677 MB a server became 325; the
    others cost 1.1 s of the rest, and 28 MB.
    """
    if "tensorflow" in sys.modules:
        raise RuntimeError("TensorFlow is imported already")
    sys.meta_path.insert(0, AbsentFinder())


def all_light(components: Iterable[str]) -> bool:
    """Tell whether every component, by class name, is known to do without TensorFlow."""
    return set(components) <= LIGHT_COMPONENTS


def components_of_model(archive: Path) -> Set[str]:
    """Return the class names of the components a trained model is made of."""
    with tarfile.open(archive) as files:
        metadata = files.extractfile("metadata.json")
        if metadata is None:
            raise ValueError(f"{archive} is not a Rasa model")
        nodes = json.load(metadata)["predict_schema"]["nodes"]
    uses = {node["uses"] for node in nodes.values()}
    return {path.rpartition(".")[2] for path in uses if not path.startswith(RASA_FRAMES)}
