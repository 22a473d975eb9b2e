"""`qifu staff`, the staff in the whole product, and the accounts of an older version."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from app.cli import app as commands
from app.main import create_app
from app.settings import Settings
from store.migrate import upgrade
from tests.conftest import at_server, postgresql_database

PASSWORD = re.compile(r"一次性密码：(\S+)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the tables, as the commands find it."""
    monkeypatch.setenv("QIFU_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("QIFU_DATABASE", raising=False)
    upgrade(f"sqlite:///{tmp_path / 'qifu.db'}")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, ["staff", *words])


def enters(folder: Path, username: str, password: str) -> str:
    """The path of the page that somebody comes to."""
    return asyncio.run(_enters(folder, username, password)).url.path


async def _enters(folder: Path, username: str, password: str) -> httpx.Response:
    app = create_app(Settings(data=folder, rasa_url="http://127.0.0.1:9"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://qifu") as client:
        form = {"username": username, "password": password}
        await client.post("/console/sign-in", data=form, headers={"Origin": "https://qifu"})
        return await client.get("/console", follow_redirects=True)


def test_an_account_of_the_command_line_comes_in_until_it_is_disabled(folder: Path) -> None:
    password = PASSWORD.search(
        run("add", "zhang.san", "--name", "张三", "--role", "agent", "--role", "admin").stdout
    )
    assert password
    assert enters(folder, "zhang.san", password[1]) == "/console/account/password"
    run("add", "li.si", "--name", "李四", "--role", "admin")
    assert run("disable", "zhang.san").exit_code == 0
    assert enters(folder, "zhang.san", password[1]) == "/console/sign-in"
    listed = run("list").stdout
    assert "坐席、管理员" in listed and "已停用" in listed
    assert run("enable", "zhang.san").exit_code == 0
    new = PASSWORD.search(run("reset-password", "zhang.san").stdout)
    assert new
    assert enters(folder, "zhang.san", new[1]) == "/console/account/password"


def test_a_locked_account_is_opened_from_the_command_line(folder: Path) -> None:
    password = PASSWORD.search(run("add", "zhang.san", "--name", "张三").stdout)
    assert password
    for _ in range(5):
        enters(folder, "zhang.san", "wrong")
    assert enters(folder, "zhang.san", password[1]) == "/console/sign-in"
    assert run("unlock", "zhang.san").exit_code == 0
    assert run("unlock-address", "192.0.2.7").exit_code == 0
    assert enters(folder, "zhang.san", password[1]) == "/console/account/password"


@pytest.mark.parametrize(
    "words",
    [
        ("add", "B", "--name", "某"), ("add", "bb", "--name", ""), ("add", "bb", "--name", "某", "--department", "no"),
        ("disable", "nobody"), ("unlock", "nobody"), ("unlock-address", "nobody"), ("reset-password", "nobody"), ("enable", "nobody"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_sentence(words: tuple[str, ...], folder: Path) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert "。" in result.stderr and "Traceback" not in result.stderr


def test_in_production_an_admin_has_to_have_a_second_factor_and_https(folder: Path) -> None:
    upgrade(f"sqlite:///{folder / 'qifu.db'}")
    for setting, rule in ((None, "admins"), ("optional", "optional"), ("everyone", "everyone")):
        values = {} if setting is None else {"console_second_factor": setting}
        given = Settings(data=folder, environment="production", rasa_token="x", **values)  # type: ignore[arg-type]
        assert given.sign_in_policy().second_factor == rule
    assert Settings(data=folder).sign_in_policy().second_factor == "optional"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_accounts_of_an_older_version_keep_their_roles(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        migrate_accounts(f"sqlite:///{tmp_path / 'old.db'}")
        return
    server = request.getfixturevalue("postgresql_server")
    with postgresql_database(server) as name:
        migrate_accounts(at_server(server, name))


def migrate_accounts(url: str) -> None:
    upgrade(url, to="0004")
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for username, role in (("boss", "admin"), ("writer", "editor")):
            connection.execute(
                text(
                    "INSERT INTO accounts (id, username, name, role, password_hash, password_is_one_time, active, created_at)"
                    f" VALUES ('{username}', '{username}', 'n', '{role}', 'h', true, true, '2026-11-23 10:00:00')"
                )
            )
    upgrade(url)
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT account_id, role FROM account_roles ORDER BY 1")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("boss", "admin"), ("writer", "knowledge_editor")]


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ({"oidc_client_id": ""}, "QIFU_OIDC_CLIENT_ID"), ({"oidc_client_secret": ""}, "QIFU_OIDC_CLIENT_SECRET"),
        ({"public_url": ""}, "QIFU_PUBLIC_URL"), ({"oidc_issuer": "id.example"}, "https"),
        ({"environment": "production", "rasa_token": "x", "oidc_issuer": "http://id.example"}, "https"),
    ],
)  # fmt: skip
def test_half_an_identity_service_is_refused(left_out: dict[str, str], said: str, folder: Path) -> None:
    whole = {
        "oidc_issuer": "https://id.example", "oidc_client_id": "qifu", "oidc_client_secret": "x",
        "public_url": "https://qifu.example.cn",
    }  # fmt: skip
    client = Settings(data=folder, **whole).oidc_client()  # type: ignore[arg-type]
    assert client is not None and client.back == "https://qifu.example.cn/console/sign-in/single/back"
    with pytest.raises(ValueError, match=said):
        Settings(data=folder, **{**whole, **left_out})  # type: ignore[arg-type]
