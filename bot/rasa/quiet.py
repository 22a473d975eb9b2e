"""Logs of warnings and worse, without a person's words, and nothing sent to anyone."""

import logging
import os
import sys
import warnings
from typing import Any, Type

# Said of every project: nothing is wrong with it.
HARMLESS = (
    "is not used in any story or rule",  # intents and responses which only actions use
    "Slot auto-fill has been removed",
    "You have defined training data consisting of lookup tables",
    "your NLU configuration does not include an entity extractor trained",  # ours goes by patterns
)


def quieten() -> None:
    """Set the environment and the standard library's logging; call it before Rasa is imported."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # Several libraries set filters of their own as they are imported; what is shown is decided here instead.
    warnings.showwarning = show_warning


def quieten_rasa() -> None:
    """Set Rasa's own logging, which else prints what people write; call it once Rasa may be imported."""
    import jieba
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    jieba.setLogLevel(logging.WARNING)


def show_warning(message: Any, category: Type[Warning], *_: Any, **__: Any) -> None:
    """Log a warning of Rasa's; of a stack of 2023 the others are deprecations only."""
    if category is UserWarning and not harmless(str(message)):
        logging.getLogger("warnings").warning("%s", message)


def harmless(message: str) -> bool:
    """Tell whether a warning of Rasa's is one to pass over."""
    return any(phrase in message for phrase in HARMLESS)
