"""The pages of what was not answered."""

from __future__ import annotations

import re

import pytest

from conversations.models import Question
from desk.desk import Desk
from desk.learning.collecting import Collector
from knowledge.models import Card
from staff.roles import Role
from tests.console.visit import House, Visit, said
from tests.desk.asking import Asking

HERE = "/console/unanswered"


@pytest.fixture
async def editor(house: House, stocked_desk: Desk) -> Visit:
    """An editor, with three groups to look at."""
    asking = Asking(stocked_desk)
    for who in "abc":
        await asking.ask(who, "老厂房没有产权证能报装临时用水吗", channel="wechat")
    await asking.ask("a", "外地货车能进城送货吗，电话13837512345")
    await asking.ask("d", "<script>alert(1)</script>怎么备案")
    await Collector(stocked_desk).round()
    return await house.member("editor", Role.KNOWLEDGE_EDITOR)


async def revision_of(visit: Visit, group: int) -> str:
    page = await visit.get(f"{HERE}/{group}")
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


async def test_the_list_ranks_by_enterprises_and_masks_persons(editor: Visit) -> None:
    page = (await editor.get(HERE)).text
    titles = re.findall(r'unanswered/\d+">(.*?)</a></h2>', page)
    assert titles[0] == "老厂房没有产权证能报装临时用水吗"
    assert "13837512345" not in page and "电话＊＊" in page
    assert "<script>alert" not in page


async def test_a_group_is_assigned_answered_and_reopened(editor: Visit, stocked_desk: Desk) -> None:
    revision = await revision_of(editor, 1)
    answer = await editor.post(f"{HERE}/1/assign", {"revision": revision, "department": "water"})
    assert (
        said(await editor.follow(answer))
        == "已分给部门。这个部门还没有经办人的账号，没有人收到通知，请联系管理员。"
    )
    page = (await editor.get(f"{HERE}?department=water")).text
    assert "供水单位" in page and page.count('class="card group"') == 1
    stale = await editor.post(f"{HERE}/1/dismiss", {"revision": revision, "reason": "重复"})
    assert stale.status_code == 422 and "已有别人处理过" in said(stale) and 'value="重复"' in stale.text
    page = (await editor.get(f"{HERE}/1")).text
    question = re.search(r'name="question" value="(\d+)"', page)
    assert question is not None and 'value="water-connection"' in page
    fields = {
        "revision": await revision_of(editor, 1),
        "article": "water-connection",
        "question": question[1],
    }
    answer = await editor.post(f"{HERE}/1/answer", fields)
    shown = await editor.follow(answer)
    assert "已加进文章的草稿" in said(shown) and "等文章发布" in shown.text
    assert 'href="/console/knowledge/articles/water-connection"' in shown.text
    again = await editor.post(f"{HERE}/1/answer", fields)
    assert again.status_code == 422
    async with stocked_desk.database.read() as session:
        text = (await session.get_one(Question, int(question[1]))).text
        card = await session.get_one(Card, "water-connection")
    assert text in card.content["questions"]
    await stocked_desk.library.refresh()
    article = stocked_desk.library.article("water-connection", stocked_desk.today())
    assert article is not None and text not in article.questions  # before another person has published it
    answer = await editor.post(f"{HERE}/1/reopen", {"revision": await revision_of(editor, 1)})
    assert said(await editor.follow(answer)) == "已重新打开。"


async def test_questions_are_parted_from_their_group(editor: Visit) -> None:
    page = (await editor.get(f"{HERE}/1")).text
    first, second, third = sorted(re.findall(r'name="apart" value="(\d+)"', page), key=int)
    revision = await revision_of(editor, 1)
    everything = {"revision": revision, "apart": [first, second, third]}
    refused = await editor.post(f"{HERE}/1/apart", everything)
    assert refused.status_code == 422 and "至少要有一个" in said(refused)
    assert refused.text.count(" checked") == 3
    answer = await editor.post(f"{HERE}/1/apart", {"revision": revision, "apart": [second, third]})
    assert answer.headers["location"] == f"{HERE}/4?said=apart"
    shown = await editor.follow(answer)
    assert "已单独成组" in said(shown) and "2 家，共 2 次" in shown.text
    left = (await editor.get(f"{HERE}/1")).text
    assert "1 家，共 1 次" in left and 'name="apart"' not in left
    again = await editor.post(f"{HERE}/1/apart", {"revision": revision, "apart": [second]})
    assert again.status_code == 422 and "已经不在这一组" in said(again)


async def test_writing_leads_to_the_draft(editor: Visit) -> None:
    answer = await editor.post(
        f"{HERE}/1/write", {"revision": await revision_of(editor, 1), "key": " old-plant-water "}
    )
    assert answer.headers["location"] == "/console/knowledge/articles/old-plant-water/edit"
    assert "老厂房没有产权证能报装临时用水吗" in (await editor.follow(answer)).text


@pytest.mark.parametrize("group", ["0", "99", "999999999", "9" * 40, "一", "-1", "1.5", "%00"])
async def test_a_group_that_there_is_not_is_told_plainly(editor: Visit, group: str) -> None:
    assert (await editor.get(f"{HERE}/{group}")).status_code in (404, 422)
    answer = await editor.post(f"{HERE}/{group}/dismiss", {"revision": "0", "reason": "x"})
    assert answer.status_code in (404, 422)


async def test_bad_input_gets_a_sentence(editor: Visit) -> None:
    revision = await revision_of(editor, 1)
    for act, fields, sentence in (
        ("assign", {"department": "nowhere"}, "请在列表里选择部门。"),
        ("dismiss", {"reason": " "}, "请写明不予收录的理由，不超过 200 字。"),
        ("dismiss", {"reason": "长" * 201}, "请写明不予收录的理由，不超过 200 字。"),
        ("write", {"key": "../etc"}, "文章标识用小写字母、数字和短横线，以字母开头，如 rooftop-solar，不超过 60 个字符。"),
        ("write", {"key": "water-connection"}, "已有这个标识的文章，请用“用已有文章答复”，或者换一个标识。"),
        ("apart", {}, "请选要分出去的问题，一次最多 50 个。"),
        ("apart", {"apart": "9" * 30}, "选中的问题里有的已经不在这一组，请刷新页面再选。"),
        ("answer", {"article": "x" * 5000, "words": "光伏备案"}, "请在列表里选择一篇已发布的文章。"),
        ("answer", {"article": "water-connection", "question": "9" * 30}, "选中的问法里有的已经不在这一组，请刷新页面再选。"),
    ):  # fmt: skip
        answer = await editor.post(f"{HERE}/1/{act}", {"revision": revision, **fields})
        assert (answer.status_code, said(answer)) == (422, sentence), act
    for address in (
        "?state=none&after=1_x",
        "?after=9999999999_1",
        "?department=%E4%B8%80",
        "/1?q=" + "长" * 500,
    ):
        assert (await editor.get(HERE + address)).status_code == 200


async def test_what_is_closed_to_a_reader_is_not_listed(house: House, stocked_desk: Desk) -> None:
    asking = Asking(stocked_desk)
    await asking.ask("s", "我们的秘密配方被偷了找谁", detail={"form": "complaint", "intake": 1})
    await Collector(stocked_desk).round()
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    page = (await visit.get(HERE)).text
    assert "秘密配方" not in page and "1 组属于保密" in page
    assert (await visit.get(f"{HERE}/1")).status_code == 404
    assert (await visit.post(f"{HERE}/1/dismiss", {"revision": "0", "reason": "x"})).status_code == 404
    trusted = await house.member("chief", Role.KNOWLEDGE_EDITOR, Role.SUPERVISOR)
    assert "秘密配方" in (await trusted.get(HERE)).text
