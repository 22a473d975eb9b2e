"""Who rates."""

from __future__ import annotations

import pytest

from desk.desk import Desk
from tests.desk.people import Somebody


@pytest.fixture(params=["web", "wechat", "telegram"])
def somebody(desk: Desk, request: pytest.FixtureRequest) -> Somebody:
    """Somebody of a channel."""
    return Somebody(desk, request.param, "address")


@pytest.fixture
def visitor(desk: Desk) -> Somebody:
    """Somebody of the web page."""
    return Somebody(desk, "web", "address")
