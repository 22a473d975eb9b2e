"""One tiny project, trained once, and one server with one action endpoint for all tests that share them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot_rasa.action_server import ActionServer, action_server
from tests.bot_rasa.rasa_server import HERE, PYTHON, RASA, Rasa, running, surroundings
from tests.conftest import at_server, missing, postgresql_database


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model of the tiny project."""
    if not PYTHON.exists():
        missing("Rasa's environment is not installed")
    out = tmp_path_factory.mktemp("models")
    project = HERE / "project"
    inputs: list[str | Path] = [
        "--config",
        project / "config.yml",
        "--domain",
        project / "domain.yml",
        "--data",
        project / "data.yml",
    ]
    command = [PYTHON, RASA / "train.py", *inputs, "--out", out, "--name", "tiny"]
    subprocess.run(command, env=surroundings(), check=True)
    return out / "tiny.tar.gz"


@pytest.fixture(scope="session")
def shared_actions() -> Iterator[ActionServer]:
    """The action endpoint behind the shared server."""
    with action_server() as server:
        yield server


@pytest.fixture
def actions(shared_actions: ActionServer) -> ActionServer:
    """The shared action endpoint, with nothing in it of the tests before."""
    shared_actions.calls.clear()
    shared_actions.answers.clear()
    return shared_actions


@pytest.fixture(scope="session")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of the shared server's tracker store."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracker')}/rasa.db"


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def any_tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty tracker store of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/rasa.db"
    elif request.param == "redis":
        yield request.getfixturevalue("redis_url")
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgresql_database(server) as name:
            yield at_server(server, name)


@pytest.fixture(scope="session")
def rasa(model: Path, shared_actions: ActionServer, tracker: str) -> Iterator[Rasa]:
    """The shared server; each test writes as another sender."""
    with running(model, shared_actions.url, tracker) as server:
        yield server
