"""The form of a complaint: nothing is asked twice, nothing is sent without a yes."""

from __future__ import annotations

import pytest

from desk.city import PINGDINGSHAN
from desk.intake.ask import ask
from desk.intake.extract import extract
from desk.intake.fields import SKIPPED
from desk.intake.form import (
    CANCELLING,
    FAILURES_BEFORE_HELP,
    SUMMARY,
    Form,
    Intake,
    Outcome,
    Said,
    Step,
    shown,
)
from tests.desk.codes import valid_code
from tickets.models import Kind

INTAKE = Intake(PINGDINGSHAN)
FULL = {
    "description": "新华区建设路的门店停水三天了，打了几次电话没有人来修", "wanted": "尽快恢复供水", "subject": "供水",
    "enterprise": "平顶山某某商贸有限公司", "credit_code": SKIPPED, "contact": "李经理", "phone": "+8613800000000",
    "district": "新华区", "confidential": "否",
}  # fmt: skip


def said(text: str, intent: str = "inform", confidence: float = 0.9) -> Said:
    return Said(text, intent, confidence)


def waiting_for(name: str, **known: str) -> Form:
    """The form when everything before `name` is filled in."""
    before = list(INTAKE.fields)[: list(INTAKE.fields).index(name)]
    return Form({**{key: FULL[key] for key in before}, **known}, name)


def hear(form: Form, text: str, intent: str = "inform", confidence: float = 0.9) -> Step:
    return INTAKE.hear(form, said(text, intent, confidence))


def test_a_bare_wish_to_complain_is_asked_what_happened() -> None:
    step = INTAKE.begin(Kind.COMPLAINT, said("我要投诉", "complaint"))
    assert step.form == Form({}, "description")
    assert "投诉" in ask(INTAKE, Kind.COMPLAINT, step.form, step.say).text


def test_everything_told_at_the_beginning_counts() -> None:
    text = (
        f"我要投诉，我们是平顶山某某商贸有限公司，信用代码{valid_code()}，在新华区，自来水停了三天没有人管，"
        "联系人张三，电话13800000000"
    )
    step = INTAKE.begin(Kind.COMPLAINT, said(text, "complaint"))
    assert step.form.values["description"] == text
    assert step.form.values["enterprise"] == "平顶山某某商贸有限公司"
    assert step.form.values["credit_code"] == valid_code()
    assert step.form.values["phone"] == "+8613800000000"
    assert step.form.values["district"] == "新华区"
    assert step.form.values["contact"] == "张三"
    assert step.form.asking == "wanted"


@pytest.mark.parametrize(
    ("comma", "colon"), [("，", "："), (",", ":"), ("、", "："), ("。", "："), ("；", "：")]
)
def test_punctuation_of_either_width_separates_what_is_told(comma: str, colon: str) -> None:
    text = comma.join(
        (f"公司名称{colon}平顶山某某商贸有限公司", f"联系人{colon}张三", f"电话{colon}13800000000")
    )
    step = hear(waiting_for("enterprise"), text)
    assert {name: step.form.values.get(name) for name in ("enterprise", "contact", "phone")} == {
        "enterprise": "平顶山某某商贸有限公司", "contact": "张三", "phone": "+8613800000000",
    }  # fmt: skip


def test_those_complained_about_are_not_taken_for_the_enterprise() -> None:
    step = INTAKE.begin(
        Kind.COMPLAINT, said("我要投诉平顶山市自来水有限公司，停水三天了没有人管", "complaint")
    )
    assert "enterprise" not in step.form.values


def test_one_question_after_the_other_until_the_summary() -> None:
    answers = {
        "description": FULL["description"], "wanted": "尽快恢复", "subject": "供水", "enterprise": "某某商贸有限公司",
        "credit_code": "跳过", "contact": "李经理", "phone": "13800000000", "district": "新华", "confidential": "不用保密",
    }  # fmt: skip
    step = INTAKE.begin(Kind.COMPLAINT, said("我要投诉", "complaint"))
    asked = []
    while step.form.asking != SUMMARY:
        assert step.form.asking is not None
        asked.append(step.form.asking)
        step = hear(step.form, answers[step.form.asking])
    # The story names the district and one subject alone: they are not asked for.
    assert asked == [name for name in INTAKE.fields if name not in ("district", "subject")]
    assert step.outcome is Outcome.GOING


def test_the_summary_shows_everything_as_people_write_it() -> None:
    text = ask(INTAKE, Kind.REQUEST, Form(FULL, SUMMARY), ()).text
    assert "诉求" in text
    assert all(shown(name, value) in text for name, value in FULL.items())
    assert "13800000000" in text and "+86" not in text and "未填" in text


def test_what_was_told_ahead_is_not_asked_for() -> None:
    step = hear(waiting_for("contact", phone="+8613800000000"), "李经理")
    assert step.form.asking == "district"


def test_an_answer_to_another_question_is_kept_and_the_question_stays() -> None:
    step = hear(waiting_for("contact"), "13800000000")
    assert step.form.values["phone"] == "+8613800000000"
    assert step.form.asking == "contact"
    assert step.form.failures == 0


def test_a_refused_answer_says_why_and_asks_again() -> None:
    step = hear(waiting_for("phone"), "12345678")
    assert (step.form.asking, step.form.failures) == ("phone", 1)
    assert "电话" in step.say[0]


def test_three_failures_offer_a_person() -> None:
    form = waiting_for("phone")
    for _ in range(FAILURES_BEFORE_HELP):
        assert "转人工" not in [b.title for b in ask(INTAKE, Kind.COMPLAINT, form, ()).buttons]
        form = hear(form, "这个不告诉你们啦").form
    reply = ask(INTAKE, Kind.COMPLAINT, form, ())
    assert "转人工" in [b.title for b in reply.buttons]
    assert "转人工" in reply.text


def test_failures_are_forgotten_after_an_answer() -> None:
    form = Form(waiting_for("phone").values, "phone", 2)
    assert hear(form, "13800000000").form.failures == 0


@pytest.mark.parametrize("text", ["跳过", "没有", "不知道", "手边没有", "忘了，以后补"])
def test_what_is_optional_can_be_skipped(text: str) -> None:
    step = hear(waiting_for("credit_code"), text, "skip")
    assert step.form.values["credit_code"] == SKIPPED
    assert step.form.asking == "contact"


@pytest.mark.parametrize("name", ["phone", "district", "subject", "confidential"])
def test_what_is_needed_cannot_be_skipped(name: str) -> None:
    step = hear(waiting_for(name), "跳过", "skip")
    assert step.form.asking == name
    assert name not in step.form.values


@pytest.mark.parametrize("name", ["enterprise", "contact", "wanted"])
def test_skip_is_not_taken_for_a_name(name: str) -> None:
    step = hear(waiting_for(name), "跳过", "skip")
    assert step.form.asking == name


@pytest.mark.parametrize("name", list(FULL))
def test_every_question_can_be_explained(name: str) -> None:
    step = hear(waiting_for(name), "为什么要问这个", "explain")
    assert step.form.asking == name
    assert step.say == (INTAKE.fields[name].why,)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [("电话改成13900000000", "phone", "+8613900000000"), ("区县应该是叶县", "district", "叶县"),
     ("把公司名称改为平顶山另一家有限公司", "enterprise", "平顶山另一家有限公司"),
     ("联系人写错了，应该是王五", "contact", "王五"), ("电话错了，应为0375-2345678", "phone", "+863752345678")],
)  # fmt: skip
@pytest.mark.parametrize("asking", ["confidential", SUMMARY])
def test_a_correction_is_taken_whatever_was_asked(text: str, name: str, value: str, asking: str) -> None:
    form = Form(FULL, SUMMARY) if asking == SUMMARY else waiting_for(asking)
    step = hear(form, text, "correct")
    assert step.form.values[name] == value
    assert step.form.asking == asking


@pytest.mark.parametrize("text", ["电话写错了", "改一下电话", "电话不对"])
def test_a_correction_without_a_value_asks_for_it(text: str) -> None:
    step = hear(Form(FULL, SUMMARY), text, "correct")
    assert step.form.asking == "phone"
    assert "phone" not in step.form.values
    assert hear(step.form, "13900000000").form.asking == SUMMARY


def test_a_correction_that_cannot_be_read_asks_again() -> None:
    step = hear(Form(FULL, SUMMARY), "电话改成一二三", "correct")
    assert step.form.asking == "phone"


@pytest.mark.parametrize("text", ["取消", "算了", "不填了", "我不投诉了", "退出。"])
@pytest.mark.parametrize("asking", ["description", "phone", SUMMARY])
def test_leaving_off_is_asked_back(text: str, asking: str) -> None:
    form = Form(FULL, SUMMARY) if asking == SUMMARY else waiting_for(asking)
    step = hear(form, text, "cancel")
    assert (step.form.asking, step.outcome) == (CANCELLING, Outcome.GOING)
    assert step.form.values == form.values


def test_leaving_off_needs_a_yes() -> None:
    assert hear(Form(FULL, CANCELLING), "确定取消", "affirm").outcome is Outcome.CANCELLED


@pytest.mark.parametrize(("text", "intent"), [("继续填写", "deny"), ("不取消", "deny"), ("等一下", "inform")])
def test_anything_else_goes_on_with_the_form(text: str, intent: str) -> None:
    form = waiting_for("phone")
    step = hear(Form(form.values, CANCELLING), text, intent)
    assert (step.outcome, step.form.asking) == (Outcome.GOING, "phone")


@pytest.mark.parametrize("text", ["确认提交", "是的", "没错", "嗯嗯，提交吧", "OK", "好的。", "没问题！"])
def test_a_yes_confirms_the_summary(text: str) -> None:
    assert hear(Form(FULL, SUMMARY), text, "affirm").outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("text", "intent"),
    [("不对", "deny"), ("先别提交", "deny"), ("不是这样的", "affirm"), ("电话改成13900000000", "correct"), ("你好", "greet"),
     ("多久能办好", "ask_aspect"), ("嗯，不过还有一点，昨天来人看过，说管道要换", "supplement"), ("确认一下电话写的是什么", "inform"),
     ("没有错但是电话要改一下", "inform"), ("修改", "deny"), ("", "inform"), ("转人工", "human")],
)  # fmt: skip
def test_nothing_is_sent_without_a_yes(text: str, intent: str) -> None:
    step = hear(Form(FULL, SUMMARY), text, intent)
    assert step.outcome is not Outcome.CONFIRMED
    assert SUMMARY not in step.form.values


@pytest.mark.parametrize("name", list(FULL))
def test_a_yes_before_the_summary_confirms_nothing(name: str) -> None:
    assert hear(waiting_for(name), "确认提交", "affirm").outcome is not Outcome.CONFIRMED


def test_what_is_added_at_the_summary_joins_the_story() -> None:
    step = hear(Form(FULL, SUMMARY), "昨天还来人看过，说管道要换", "supplement")
    assert "管道要换" in step.form.values["description"]
    assert FULL["description"] in step.form.values["description"]
    assert step.form.asking == SUMMARY


def test_a_second_matter_is_noticed() -> None:
    step = INTAKE.begin(Kind.COMPLAINT, said("我要投诉停水三天没有人管，还有一件事是电费收错了", "complaint"))
    assert any("不止一件" in line for line in step.say)


def test_one_matter_is_not_taken_for_two() -> None:
    step = INTAKE.begin(Kind.COMPLAINT, said("我要投诉停水三天没有人管，打电话也没有人接", "complaint"))
    assert not any("不止一件" in line for line in step.say)


@pytest.mark.parametrize(
    ("name", "text", "intent", "digresses"),
    [
        ("phone", "多久能办好？", "ask_aspect", True),
        ("phone", "用气报装要什么材料？", "topic_gas", True),
        ("phone", "转人工", "human", True),
        ("enterprise", "你能做什么？", "capabilities", True),
        ("phone", "13800000000，多久能办好？", "ask_aspect", False),
        ("district", "新华区", "topic_property", False),
        ("subject", "供水", "topic_water", False),
        ("description", "我们店停水三天了没人管，打电话也不来，这日子怎么过", "topic_water", False),
        ("description", "用气报装要多久？", "topic_gas", True),
        ("wanted", "尽快恢复供水", "topic_water", False),
        ("enterprise", "平顶山水务设备公司", "topic_water", False),
    ],
)
def test_a_question_leaves_the_form_as_it_is(name: str, text: str, intent: str, digresses: bool) -> None:
    form = waiting_for(name)
    step = hear(form, text, intent)
    assert (step.outcome is Outcome.DIGRESSED) is digresses
    assert (step.form == form) is digresses


def test_a_question_that_the_model_is_unsure_of_is_an_answer() -> None:
    assert hear(waiting_for("enterprise"), "水之源饮品店", "topic_water", 0.3).outcome is Outcome.GOING


def test_who_answers_with_a_list_of_facts_is_not_asked_for_them_again() -> None:
    step = hear(waiting_for("wanted"), "宏达铸造厂，我姓王，电话13503751234，在叶县")
    told = {name: step.form.values[name] for name in ("enterprise", "contact", "phone", "district")}
    assert told == {
        "enterprise": "宏达铸造厂",
        "contact": "王",
        "phone": "+8613503751234",
        "district": "叶县",
    }
    assert step.form.asking == "wanted"
    after = hear(step.form, "尽快通电")
    assert (after.form.values["wanted"], after.form.asking) == ("尽快通电", "credit_code")


@pytest.mark.parametrize(
    "text",
    [
        "就是装个变压器，11月2号交的材料，一直说排队，天天催都没用",
        "去窗口跑了五趟，每次都说材料不对，到现在还没办下来",
        "他们已经拖了我们半个月了怎么都说不通",
    ],
)
def test_more_of_the_story_is_no_name_and_is_not_lost(text: str) -> None:
    step = hear(waiting_for("enterprise"), text)
    assert step.form.asking == "enterprise"
    assert "enterprise" not in step.form.values
    assert step.form.values["description"] == f"{FULL['description']}\n{text}"


@pytest.mark.parametrize(
    "text", ["供电公司，一直不来", "隔壁那家饭店，噪音太大", "附近两家工厂，都停水了", "我们厂，停电了"]
)
def test_another_party_is_not_taken_for_the_enterprise(text: str) -> None:
    assert "enterprise" not in extract(text, PINGDINGSHAN)


@pytest.mark.parametrize("text", ["不填", "先不填", "这个不填", "不填这个。"])
def test_what_is_left_empty_does_not_leave_the_form(text: str) -> None:
    step = hear(waiting_for("credit_code"), text, "cancel")
    assert step.form.values["credit_code"] == SKIPPED
    assert hear(waiting_for("contact"), text, "cancel").form.asking == CANCELLING


@pytest.mark.parametrize("name", ["enterprise", "contact"])
@pytest.mark.parametrize("text", ["确认", "确认提交", "好的", "是的", "不用了", "对"])
def test_what_people_say_to_a_form_is_nobodys_name(name: str, text: str) -> None:
    assert name not in hear(waiting_for(name), text).form.values


@pytest.mark.parametrize(("text", "intent"), [("转人工", "human"), ("用水报装要多久？", "topic_water")])
def test_what_is_no_answer_to_whether_to_leave_off_is_heard_elsewhere(text: str, intent: str) -> None:
    assert hear(Form(FULL, CANCELLING), text, intent).outcome is Outcome.DIGRESSED
