"""Mendings of Rasa 3.6.21 that make a turn faster and change nothing else."""

from typing import Any, Dict

import jsonschema
import rasa
from rasa.core.actions.action import RemoteAction

MENDED = "3.6.21"


def mend() -> None:
    """Apply every mending; raises RuntimeError if this is not the Rasa they were written for."""
    if rasa.__version__ != MENDED:
        raise RuntimeError(f"speed.py mends Rasa {MENDED}, this is {rasa.__version__}: look at each mending anew")
    compile_validator_once()


def compile_validator_once() -> None:
    """Check an action's answer with a validator made once.

    `jsonschema.validate` first checks the schema itself against the meta-schema, on each call: 24 ms.
    """
    schema = RemoteAction.action_response_format_spec()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)

    def _validate_action_result(self: RemoteAction, result: Dict[str, Any]) -> bool:
        error = jsonschema.exceptions.best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = _validate_action_result
