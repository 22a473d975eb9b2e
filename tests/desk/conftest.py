"""What several tests of the desk begin with."""

from __future__ import annotations

import pytest

from desk.desk import Desk
from tests.desk.asking import Asking


@pytest.fixture
def asking(stocked_desk: Desk) -> Asking:
    """People who ask."""
    return Asking(stocked_desk)
