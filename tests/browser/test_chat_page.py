"""The chat page in a real browser, with the API's answers and faults scripted."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import FLAGS
from tests.browser.looking import faults
from tests.browser.scripted_api import Message, ScriptedApi, served

ANSWER = """【企业用水报装·办理流程】
用水报装共2个环节。
1. 申请受理：可通过营业网点申请。
2. 勘验开通：勘验现场、接通供水。

- 竣工后按规定验收。

依据:《全市优化营商环境工作情况通报》(平顶山市,2021-12-17);《供水条例》(国务院令第831号,2026-02-11)第十四条
核对日期:2026-11-23"""
MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
LATER = [{"title": "办理时限"}, {"title": "转人工"}]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    replies: dict[str, list[Message]] = {
        "用水报装": [{"text": ANSWER, "outcome": "answered", "buttons": LATER}],
        "我要投诉": [{"text": "您的投诉已提交。", "outcome": "ticket", "ticket": "PDS-20261123-0001"}],
    }
    with served(ScriptedApi(replies=replies)) as running:
        yield running


@pytest.fixture
def chat(page: Page, api: ScriptedApi) -> Page:
    page.goto(f"{api.address}/chat")
    return page


def write(page: Page, text: str) -> None:
    page.get_by_label("输入您的问题").fill(text)
    page.get_by_role("button", name="发送", exact=True).click()


def said(page: Page, author: str) -> Locator:
    return page.locator(f"#log .from-{author} .bubble")


def test_an_answer_is_set_with_heading_steps_and_sources(chat: Page) -> None:
    chat.get_by_role("button", name="用水报装").click()
    answer = said(chat, "bot")
    expect(answer.get_by_role("heading")).to_have_text("企业用水报装·办理流程")
    expect(answer.locator("ol li")).to_have_count(2)
    expect(answer.locator("ul li")).to_have_text("竣工后按规定验收。")
    expect(answer.locator(".sources dt")).to_have_text(["依据", "核对日期"])
    expect(answer.locator(".sources dd")).to_have_text(
        [re.compile("^《全市优化"), re.compile("^《供水条例》.*第十四条$"), "2026-11-23"]
    )


def test_only_the_newest_reply_offers_buttons(chat: Page, api: ScriptedApi) -> None:
    chat.get_by_role("button", name="用水报装").click()
    chat.get_by_role("button", name="办理时限").click()
    expect(said(chat, "bot")).to_have_count(2)
    expect(chat.get_by_role("button", name="办理时限")).to_have_count(0)
    assert [text for _, text in api.attempts] == ["用水报装", "办理时限"]


def test_text_is_never_markup(chat: Page, api: ScriptedApi) -> None:
    api.replies[MARKUP] = [
        {"text": f"【{MARKUP}】\n{MARKUP}\n- {MARKUP}\n依据:{MARKUP}", "buttons": [{"title": MARKUP}]},
        {"text": MARKUP, "outcome": "ticket", "ticket": MARKUP},
    ]
    write(chat, MARKUP)
    expect(said(chat, "bot")).to_have_count(2)
    api.push("staff", MARKUP)
    expect(said(chat, "staff")).to_have_text(MARKUP)
    expect(said(chat, "person")).to_have_text(MARKUP)
    assert chat.locator("#log img, #log script").count() == 0


def test_an_address_in_an_answer_can_be_followed(chat: Page, api: ScriptedApi) -> None:
    api.replies["表"] = [
        {
            "text": "【用水报装·所需材料】\n可下载：申请表 https://ours.example/articles/files/2026-01-31/a.pdf。\n\n依据：《条例》"
        }
    ]
    write(chat, "表")
    link = said(chat, "bot").get_by_role("link")
    expect(link).to_have_attribute("href", "https://ours.example/articles/files/2026-01-31/a.pdf")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(said(chat, "bot").locator(".sources dd")).to_have_text("《条例》")
    write(chat, "javascript:alert(1) 和 https://")
    expect(said(chat, "bot").last).to_contain_text("javascript:")
    expect(said(chat, "bot").last.get_by_role("link")).to_have_count(0)


def test_a_failed_text_is_sent_again_under_the_same_id(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["down"]
    write(chat, "停水了")
    chat.get_by_role("button", name="发送失败，点此重发").click()
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")
    expect(chat.locator(".state")).to_have_count(0)
    first, second = api.attempts
    assert first == second


def test_a_failed_text_outlives_a_reload(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["", "down"]
    write(chat, "你好")
    write(chat, "停水了")
    expect(chat.locator(".state")).to_be_visible()
    chat.reload()
    expect(said(chat, "person")).to_have_text(["你好", "停水了"])
    chat.get_by_role("button", name="发送失败，点此重发").click()
    expect(said(chat, "bot")).to_have_text(["您说的是：你好", "您说的是：停水了"])
    assert api.attempts[1] == api.attempts[2]


def test_a_text_whose_answer_was_lost_stands_there_once(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["", "lost"]
    write(chat, "你好")
    expect(said(chat, "bot")).to_have_count(1)
    write(chat, "停水了")
    expect(said(chat, "bot")).to_have_count(2)  # the stream brings the reply
    if chat.get_by_role("button", name="发送失败，点此重发").is_visible():
        chat.get_by_role("button", name="发送失败，点此重发").click()
    expect(chat.locator(".state")).to_have_count(0)
    expect(said(chat, "person")).to_have_text(["你好", "停水了"])
    expect(said(chat, "bot")).to_have_count(2)
    assert api.texts("person") == ["你好", "停水了"]


def test_a_lost_answer_is_found_in_the_history_after_a_reload(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["", "lost"]
    write(chat, "你好")
    write(chat, "你好")
    expect(said(chat, "bot")).to_have_count(2)
    chat.reload()
    expect(said(chat, "bot")).to_have_count(2)
    expect(chat.locator(".state")).to_have_count(0)
    expect(said(chat, "person")).to_have_text(["你好", "你好"])


def test_a_text_on_its_way_during_a_reload_arrives_once(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["slow"]
    write(chat, "停水了")
    expect(chat.get_by_text("正在查找…")).to_be_visible()
    chat.reload()
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")
    api.gate.set()
    expect(said(chat, "person")).to_have_count(1)
    assert set(api.attempts) == {api.attempts[0]}


def test_a_pending_reply_comes_through_the_stream(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["pending"]
    write(chat, "停水了")
    expect(chat.get_by_text("正在查找…")).to_be_visible()
    expect(chat.locator(".state")).to_have_count(0)
    api.finish_pending()
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")
    expect(chat.locator("#waiting")).to_be_empty()


def test_the_hint_goes_when_the_answer_is_there(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["slow"]
    write(chat, "停水了")
    expect(chat.get_by_text("正在查找…")).to_be_visible()
    api.gate.set()
    expect(said(chat, "bot")).to_be_visible()
    expect(chat.locator("#waiting")).to_be_empty()


def test_staff_are_heard_once_across_a_broken_stream(chat: Page, api: ScriptedApi) -> None:
    write(chat, "转人工")
    expect(said(chat, "bot")).to_have_count(1)
    api.push("staff", "您好，请讲。")
    expect(said(chat, "staff")).to_have_text("您好，请讲。")
    expect(chat.get_by_text("工作人员", exact=True)).to_be_visible()
    api.cut = True
    api.push("staff", "还在吗？")
    expect(said(chat, "staff")).to_have_text(["您好，请讲。", "还在吗？"])
    expect(said(chat, "bot")).to_have_count(1)


def test_the_talk_is_there_after_a_reload(chat: Page, api: ScriptedApi) -> None:
    chat.get_by_role("button", name="用水报装").click()
    expect(said(chat, "bot")).to_have_count(1)
    chat.reload()
    expect(said(chat, "person")).to_have_text("用水报装")
    expect(chat.get_by_role("button", name="转人工")).to_have_count(2)  # the shortcut and the newest offer
    assert len(api.conversations) == 1


def test_a_look_at_the_page_opens_no_conversation(chat: Page, api: ScriptedApi) -> None:
    expect(chat.get_by_role("button", name="用水报装")).to_be_visible()
    chat.wait_for_load_state("networkidle")
    assert api.conversations == {}


def test_an_expired_conversation_goes_on_in_a_new_one(chat: Page, api: ScriptedApi) -> None:
    write(chat, "你好")
    expect(said(chat, "bot")).to_have_count(1)
    api.conversations = {"old": []}
    write(chat, "停水了")
    expect(chat.get_by_text("之前的对话已失效，已为您开始新的对话。")).to_be_visible()
    expect(said(chat, "bot")).to_have_text(["您说的是：你好", "您说的是：停水了"])
    expect(said(chat, "person")).to_have_text(["你好", "停水了"])
    assert api.texts("person") == ["停水了"]


def test_a_conversation_that_expired_while_away_is_told_on_return(chat: Page, api: ScriptedApi) -> None:
    write(chat, "你好")
    expect(said(chat, "bot")).to_have_count(1)
    api.push("staff", "您好，请讲。")
    expect(said(chat, "staff")).to_have_count(1)  # the page follows the stream and asks for nothing now
    api.conversations = {"old": []}
    chat.reload()
    expect(chat.get_by_text("之前的对话已失效，已为您开始新的对话。")).to_be_visible()
    write(chat, "停水了")
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")


def test_enter_sends_and_shift_enter_starts_a_line(chat: Page, api: ScriptedApi) -> None:
    box = chat.get_by_label("输入您的问题")
    box.press_sequentially("一")
    box.press("Shift+Enter")
    box.press_sequentially("二")
    box.press("Enter")
    expect(said(chat, "person")).to_have_text("一\n二", use_inner_text=True)
    expect(box).to_have_value("")
    expect(said(chat, "bot")).to_have_count(1)
    assert [text for _, text in api.attempts] == ["一\n二"]


def test_enter_in_an_input_method_does_not_send(chat: Page, api: ScriptedApi) -> None:
    box = chat.get_by_label("输入您的问题")
    box.focus()
    keyboard = chat.context.new_cdp_session(chat)
    keyboard.send("Input.imeSetComposition", {"text": "shui", "selectionStart": 4, "selectionEnd": 4})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **enter})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    expect(said(chat, "person")).to_have_count(0)
    keyboard.send("Input.insertText", {"text": "水"})
    expect(box).to_have_value(re.compile("水"))
    assert api.attempts == []
    box.fill("水")
    box.press("Enter")
    expect(said(chat, "person")).to_have_text("水")


def test_a_text_over_the_limit_is_counted_and_held_back(chat: Page, api: ScriptedApi) -> None:
    box = chat.get_by_label("输入您的问题")
    box.fill("水" * 899)
    expect(chat.locator("#count")).to_be_hidden()
    box.fill("水" * 990)
    expect(chat.locator("#count")).to_have_text("还可输入 10 字")
    box.fill("𠮷" * 1001)
    expect(chat.locator("#count")).to_have_text("已超出 1 字，请分开发送")
    box.press("Enter")
    expect(box).to_have_value("𠮷" * 1001)
    assert api.attempts == []


def test_a_refused_text_can_be_rewritten(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["text-too-long"]
    write(chat, "停水了")
    expect(chat.get_by_text("内容太长，请分开发送。")).to_be_visible()
    chat.get_by_role("button", name="修改后再发").click()
    expect(chat.get_by_label("输入您的问题")).to_have_value("停水了")
    expect(said(chat, "person")).to_have_count(0)


def test_a_limit_on_the_rate_is_told_in_the_servers_words(chat: Page, api: ScriptedApi) -> None:
    api.faults = ["rate-limited"]
    write(chat, "停水了")
    expect(chat.get_by_text("发送太快，请稍后再发。")).to_be_visible()
    chat.get_by_role("button", name="发送失败，点此重发").click()
    expect(said(chat, "bot")).to_have_count(1)


def test_being_offline_is_told_and_nothing_is_lost(chat: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    expect(chat.get_by_text("网络已断开")).to_be_visible()
    write(chat, "停水了")
    expect(chat.get_by_role("button", name="发送失败，点此重发")).to_be_visible()
    context.set_offline(False)
    expect(chat.get_by_text("网络已断开")).to_have_count(0)
    chat.get_by_role("button", name="发送失败，点此重发").click()
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")


def test_a_new_conversation_is_begun_only_after_a_yes(chat: Page, api: ScriptedApi) -> None:
    write(chat, "你好")
    expect(said(chat, "bot")).to_have_count(1)
    for answer, left in (("取消", 1), ("开始新的对话", 0)):
        chat.get_by_role("button", name="菜单").click()
        chat.get_by_role("button", name="开始新的对话").click()
        chat.get_by_role("dialog").get_by_role("button", name=answer).click()
        expect(said(chat, "bot")).to_have_count(left)
    chat.reload()
    write(chat, "停水了")
    expect(said(chat, "bot")).to_have_text("您说的是：停水了")
    assert len(api.conversations) == 2


def test_what_is_kept_of_somebody_can_be_asked_from_the_menu(chat: Page, api: ScriptedApi) -> None:
    chat.get_by_role("button", name="菜单").click()
    chat.get_by_role("button", name="个人信息说明").click()
    expect(chat.get_by_role("log")).to_contain_text("您说的是：个人信息说明")
    expect(chat.get_by_role("button", name="个人信息说明")).to_be_hidden()


def test_a_ticket_shows_its_number_to_copy(chat: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    write(chat, "我要投诉")
    expect(chat.locator(".ticket-number")).to_have_text("PDS-20261123-0001")
    chat.get_by_role("button", name="复制编号").click()
    expect(chat.get_by_role("button", name="已复制")).to_be_visible()
    assert chat.evaluate("navigator.clipboard.readText()") == "PDS-20261123-0001"


def test_news_does_not_move_a_page_that_is_read_further_up(chat: Page, api: ScriptedApi) -> None:
    api.replies["长"] = [{"text": "\n\n".join(f"第{n}段" for n in range(60))}]
    write(chat, "长")
    expect(said(chat, "bot")).to_have_count(1)
    chat.locator("#scroll").evaluate("box => { box.scrollTop = 0; }")
    expect(chat.get_by_text("您好，请问要办什么事？")).to_be_in_viewport()
    api.push("staff", "您好，请讲。")
    chat.get_by_role("button", name="有新消息").click()
    expect(said(chat, "staff")).to_be_in_viewport()
    expect(chat.get_by_role("button", name="有新消息")).to_be_hidden()


def test_focus_stays_off_the_input_on_touch_and_returns_to_it_with_a_mouse(
    chat: Page, browser: Browser, api: ScriptedApi
) -> None:
    chat.get_by_role("button", name="用水报装").click()
    expect(chat.locator("#scroll")).to_be_focused()
    desk = browser.new_page()
    desk.goto(f"{api.address}/chat")
    desk.get_by_role("button", name="用水报装").click()
    expect(desk.get_by_label("输入您的问题")).to_be_focused()
    desk.context.close()


# The driver's own switch turns scripts off after the parser has decided what <noscript> means.
def test_without_javascript_the_page_says_so(browser: Browser, chromium: str, api: ScriptedApi) -> None:
    flags = [*FLAGS, "--blink-settings=scriptEnabled=false"]
    plain = browser.browser_type.launch(executable_path=chromium, args=flags)
    page = plain.new_page()
    page.goto(f"{api.address}/chat")
    # Locators run scripts in the page: what is painted is asked of the browser itself.
    painted = page.context.new_cdp_session(page).send("DOMSnapshot.captureSnapshot", {"computedStyles": []})
    texts = painted["documents"][0]["layout"]["text"]
    strings = [painted["strings"][at] for at in texts if at >= 0]
    plain.close()
    assert any("本页面需要启用 JavaScript 才能对话" in text for text in strings)


def fill_with_talk(page: Page, api: ScriptedApi) -> None:
    """Everything that the page can show, in one talk."""
    write(page, "我要投诉")
    expect(said(page, "bot")).to_have_count(1)
    api.faults = ["text-too-long", "down", ""]
    for text in ("甲", "停水了", "用水报装"):
        write(page, text)
    expect(said(page, "bot")).to_have_count(2)
    api.push("system", "工单已受理。")
    api.push("bot", "还要问什么？", buttons=LATER)
    expect(said(page, "bot")).to_have_count(3)
    page.get_by_label("输入您的问题").fill("水" * 1001)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(chat: Page, api: ScriptedApi, axe: str, scheme: str) -> None:
    chat.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert faults(chat, axe) == []
    fill_with_talk(chat, api)
    chat.locator("#scroll").evaluate("box => { box.scrollTop = 0; }")
    assert faults(chat, axe) == []
    chat.locator("#scroll").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    assert faults(chat, axe) == []
    chat.get_by_role("button", name="菜单").click()
    assert faults(chat, axe) == []
    chat.get_by_role("button", name="开始新的对话").click()
    assert faults(chat, axe) == []


# 360 and 430: the narrow and the wide phone; 320 x 422: WCAG's reflow; 640 x 400: a desktop at 200 %.
@pytest.mark.parametrize(("width", "height"), [(360, 640), (430, 932), (320, 422), (640, 400), (1280, 800)])
def test_everything_fits_and_can_be_hit(chat: Page, api: ScriptedApi, width: int, height: int) -> None:
    chat.set_viewport_size({"width": width, "height": height})
    chat.reload()
    expect(chat.get_by_text("您好，请问要办什么事？")).to_be_in_viewport()
    name = chat.get_by_role("heading", level=1).bounding_box()
    assert name is not None
    assert name["height"] < 35  # one line
    fill_with_talk(chat, api)
    assert chat.evaluate("document.documentElement.scrollWidth") <= width
    expect(chat.get_by_label("输入您的问题")).to_be_in_viewport(ratio=1)
    expect(chat.get_by_role("button", name="发送", exact=True)).to_be_in_viewport(ratio=1)
    boxes = chat.locator("button:visible, a.top-action:visible, textarea")
    assert boxes.count() >= 15
    sizes = [(one.inner_text(), one.bounding_box()) for one in boxes.all()]
    assert [name for name, box in sizes if box is None or min(box["width"], box["height"]) < 44] == []
