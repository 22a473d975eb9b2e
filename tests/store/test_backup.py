"""A backup holds every row, and an empty database takes it as it was."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from conversations.models import AccessToken, Author, Message, Person, Thread, Turn
from knowledge.article import Article
from knowledge.models import ArticleRow
from knowledge.rows import archive, import_articles
from staff.accounts import Profile, add
from staff.actors import COMMAND_LINE
from staff.departments import add_departments
from staff.passwords import OneTime
from staff.roles import Role
from store.backup import BackupRefused, back_up, restore_into
from store.base import Base
from store.database import Database
from store.files import Files
from store.ids import new_id
from tickets.models import Kind, Ticket
from tickets.tickets import Draft, open_ticket

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DRAFT = Draft(
    kind=Kind.COMPLAINT, enterprise="平顶山某某商贸有限公司", credit_code=None, contact="李经理", phone="+8613800000000",
    district="新华区", subject="供水", description="停水三天没有人管", wanted="尽快恢复", confidential=True,
)  # fmt: skip


def said(words: str, answers: int | None = None) -> Message:
    author = Author.PERSON if answers is None else Author.BOT
    return Message(
        thread_id="t", author=author, channel="web", external_id=None, answers_id=answers, text=words,
        buttons=[{"title": "转人工"}], detail={"nested": {"一": [1, None]}}, turn=Turn.WAITING, created_at=NOON,
    )  # fmt: skip


async def fill(database: Database, article: Article) -> None:
    """A row of most tables: words of enums, dates, moments, JSON, nothing."""
    async with database.write() as session:
        session.add(Person(id="p", channel="web", address="a", created_at=NOON))
        await session.flush()
        session.add(
            Thread(id="t", person_id="p", channel="web", last_message_at=NOON, created_at=NOON, talk=1)
        )
        await session.flush()
        question = said("停水了\n“怎么办”")
        session.add(question)
        await session.flush()
        session.add(said("请稍等", question.id))
        await open_ticket(
            session,
            DRAFT,
            prefix="PDS",
            person_id="p",
            thread_id="t",
            confirmed_by=question.id,
            at=NOON,
            new_id=new_id,
        )
        await import_articles(session, [article], at=NOON)
        await archive(session, article.key, by="editor", at=NOON)
        await add_departments(session)
        profile = Profile("张三", "water", frozenset({Role.HANDLER, Role.REVIEWER}))
        await add(session, COMMAND_LINE, "zhang.san", profile, OneTime("one", "hash"), id="a", at=NOON)


async def saved(database: Database, file: Path) -> dict[str, int]:
    return await back_up(database, file, Files(file.parent / "attachments"))


async def restored(database: Database, file: Path) -> dict[str, int]:
    return await restore_into(database, file, Files(file.parent / "restored"))


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.read() as session:
        return {
            table.name: [
                dict(row)
                for row in (
                    await session.execute(select(table).order_by(*table.primary_key.columns))
                ).mappings()
            ]
            for table in Base.metadata.sorted_tables
            if table.name != AccessToken.__tablename__
        }


@pytest.fixture
async def backup(database: Database, articles: dict[str, Article], tmp_path: Path) -> Path:
    await fill(database, articles["water-connection"])
    await saved(database, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def changed(file: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """A copy of a backup with other members."""
    with zipfile.ZipFile(file) as archive_file:
        members = {name: archive_file.read(name) for name in archive_file.namelist()}
    change(members)
    other = file.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as archive_file:
        for name, content in members.items():
            archive_file.writestr(name, content)
    return other


async def test_an_empty_database_takes_every_row(
    database: Database, other_database: Database, backup: Path
) -> None:
    before = await everything(database)
    counts = await restored(other_database, backup)
    assert await everything(other_database) == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert counts["messages"] == 2 and counts["tickets"] == 1


async def test_a_backup_holds_no_access_token_and_a_restore_leaves_the_one_that_is_there(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    for kept in (database, other_database):
        async with kept.write() as session:
            session.add(
                AccessToken(channel="wechat", account="wx1", value="a-token-of-wechat", expires_at=NOON)
            )
    await back_up(database, tmp_path / "backup.zip", Files(tmp_path / "attachments"))
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive_file:
        assert not any(b"a-token-of-wechat" in archive_file.read(name) for name in archive_file.namelist())
    counts = await restore_into(other_database, tmp_path / "backup.zip", Files(tmp_path / "restored"))
    assert "access_tokens" not in counts
    async with other_database.read() as session:
        assert (await session.scalars(select(AccessToken.value))).all() == ["a-token-of-wechat"]


async def test_a_backup_is_the_same_whichever_database_it_came_from(
    database: Database, other_database: Database, backup: Path, tmp_path: Path
) -> None:
    await restored(other_database, backup)
    await saved(other_database, tmp_path / "again.zip")
    with zipfile.ZipFile(backup) as one, zipfile.ZipFile(tmp_path / "again.zip") as other:
        assert {n: one.read(n) for n in one.namelist()} == {n: other.read(n) for n in other.namelist()}


async def test_new_rows_get_fresh_ids_after_a_restore(other_database: Database, backup: Path) -> None:
    await restored(other_database, backup)
    async with other_database.write() as session:
        newest = await session.scalar(select(Message.id).order_by(Message.id.desc()).limit(1))
        message = said("又停水了")
        session.add(message)
        await session.flush()
        second = await open_ticket(
            session,
            DRAFT,
            prefix="PDS",
            person_id="p",
            thread_id="t",
            confirmed_by=message.id,
            at=NOON,
            new_id=new_id,
        )
    assert newest is not None and message.id > newest
    assert second.number.endswith("-0002")


async def test_an_id_that_was_deleted_is_not_given_out_again_before_a_backup(
    database: Database, backup: Path
) -> None:
    async with database.write() as session:
        last = said("删掉", 1)
        session.add(last)
        await session.flush()
        await session.delete(last)
    async with database.write() as session:
        another = said("再来", 1)
        session.add(another)
        await session.flush()
    assert another.id > last.id


async def test_the_physical_order_of_rows_does_not_matter(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    async with database.write() as session:
        session.add(Person(id="p", channel="web", address="a", created_at=NOON))
        await session.flush()
        session.add(
            Thread(id="t", person_id="p", channel="web", last_message_at=NOON, created_at=NOON, talk=1)
        )
        await session.flush()
        question = said("问")
        session.add(question)
        await session.flush()
        session.add(said("答", question.id))
    async with database.write() as session:  # PostgreSQL puts a changed row behind the others
        await session.execute(text("UPDATE messages SET turn = 'done' WHERE answers_id IS NULL"))
    await saved(database, tmp_path / "backup.zip")
    assert (await restored(other_database, tmp_path / "backup.zip"))["messages"] == 2


async def test_an_empty_database_can_be_backed_up_and_restored(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    counts = await saved(database, tmp_path / "empty.zip")
    assert set(counts.values()) == {0}
    assert await restored(other_database, tmp_path / "empty.zip") == counts


async def test_more_rows_than_one_batch_come_back(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    rows = [{"id": f"{n:05}", "channel": "web", "address": str(n), "created_at": NOON} for n in range(1_203)]
    async with database.write() as session:
        await session.execute(insert(Person), rows)
    await saved(database, tmp_path / "many.zip")
    await restored(other_database, tmp_path / "many.zip")
    assert len((await everything(other_database))["people"]) == 1_203


async def test_no_half_file_is_left_beside_a_backup(backup: Path) -> None:
    assert [file.name for file in backup.parent.glob("backup.zip*")] == ["backup.zip"]


async def test_a_database_with_rows_refuses_a_restore_and_keeps_its_rows(
    other_database: Database, backup: Path
) -> None:
    async with other_database.write() as session:
        session.add(Person(id="mine", channel="web", address="mine", created_at=NOON))
    with pytest.raises(BackupRefused, match="people"):
        await restored(other_database, backup)
    rows = await everything(other_database)
    assert [row["id"] for row in rows["people"]] == ["mine"]
    assert rows["articles"] == []


async def test_a_backup_of_other_tables_is_refused(other_database: Database, backup: Path) -> None:
    old = changed(
        backup, lambda m: m.update({"manifest.json": json.dumps({"revision": "0000", "rows": {}}).encode()})
    )
    with pytest.raises(BackupRefused, match="0000"):
        await restored(other_database, old)


async def test_a_file_that_is_no_backup_is_refused(other_database: Database, tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_text("no zip at all", encoding="utf-8")
    with pytest.raises(BackupRefused, match=r"letter\.zip"):
        await restored(other_database, tmp_path / "letter.zip")


async def test_a_backup_cut_short_is_refused(other_database: Database, backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-200])
    with pytest.raises(BackupRefused):
        await restored(other_database, backup)


async def test_a_backup_with_a_damaged_byte_anywhere_is_refused_and_leaves_nothing(
    other_database: Database, backup: Path
) -> None:
    whole = backup.read_bytes()
    with zipfile.ZipFile(backup) as archive_file:
        member = archive_file.getinfo("articles.jsonl")
    start = member.header_offset + 30 + len(member.filename)
    end = start + member.compress_size - 4  # the last bits only say that nothing follows
    for place in range(start, end, member.compress_size // 8):
        backup.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(BackupRefused):
            await restored(other_database, backup)
    assert not any((await everything(other_database)).values())


@pytest.mark.parametrize("missing", ["manifest.json", "tickets.jsonl"])
async def test_a_backup_without_one_of_its_parts_is_refused_and_leaves_nothing(
    missing: str, other_database: Database, backup: Path
) -> None:
    with pytest.raises(BackupRefused):
        await restored(other_database, changed(backup, lambda m: m.pop(missing)))
    assert not any((await everything(other_database)).values())


async def test_a_row_without_one_of_its_values_is_refused(other_database: Database, backup: Path) -> None:
    broken = changed(backup, lambda m: m.update({"people.jsonl": b'{"id": "p"}\n'}))
    with pytest.raises(BackupRefused):
        await restored(other_database, broken)


async def test_values_come_back_as_what_they_were(other_database: Database, backup: Path) -> None:
    await restored(other_database, backup)
    async with other_database.read() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        article = (await session.scalars(select(ArticleRow))).one()
    assert ticket.kind is Kind.COMPLAINT
    assert ticket.enter_by == date(2026, 11, 24)
    assert (ticket.submitted_at, ticket.credit_code, ticket.confidential) == (NOON, None, True)
    assert article.content["key"] == "water-connection"


async def test_files_are_in_the_backup_and_come_back(
    database: Database, other_database: Database, backup: Path, tmp_path: Path
) -> None:
    kept = {new_id(): bytes([number]) * 1000 for number in range(5)}
    for key, content in kept.items():
        Files(tmp_path / "attachments").put(key, content)
    (tmp_path / "attachments" / "00" / "half.part").parent.mkdir(exist_ok=True)
    (tmp_path / "attachments" / "00" / "half.part").write_bytes(b"half")
    await saved(database, backup)
    await restored(other_database, backup)
    came = Files(tmp_path / "restored")
    assert {key: came.read(key) for key in came} == kept


async def test_a_folder_with_files_refuses_a_restore_and_keeps_them(
    other_database: Database, backup: Path, tmp_path: Path
) -> None:
    mine = new_id()
    Files(tmp_path / "restored").put(mine, b"mine")
    with pytest.raises(BackupRefused, match="附件文件夹不是空的"):
        await restored(other_database, backup)
    assert list(Files(tmp_path / "restored")) == [mine]
    assert not any((await everything(other_database)).values())


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop(next(name for name in m if name.startswith("attachments/"))),
        lambda m: m.update({"attachments/../../x": b"x"}),
        lambda m: m.update({f"attachments/{'e' * 32}": b"one too many"}),
    ],
)
async def test_files_that_lack_or_lead_elsewhere_refuse_the_whole_backup(
    change: Callable[[dict[str, bytes]], object],
    database: Database,
    other_database: Database,
    backup: Path,
    tmp_path: Path,
) -> None:
    for _ in range(2):
        Files(tmp_path / "attachments").put(new_id(), b"x")
    await saved(database, backup)
    with pytest.raises(BackupRefused):
        await restored(other_database, changed(backup, change))
    assert not any((await everything(other_database)).values())
    assert list(Files(tmp_path / "restored")) == []
    assert not (tmp_path.parent / "x").exists()
