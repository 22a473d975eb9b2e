"""The steps that staff take, as forms: what each asks for, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.numbers import row_id
from desk.steps import Filled
from tickets.call_back import Called
from tickets.errors import Incomplete
from tickets.limits import Level
from tickets.states import MOVE_OF, Step

_TO_ENTERPRISE = "理由会原样告诉企业。"


@dataclass(frozen=True, slots=True)
class StepForm:
    """`asks`: the fields beside the note. `note`: what the note is called; empty, it is not asked for.

    `main`: what the ticket waits for, in front of everything else; `grave`: not easily taken back.
    """

    step: Step
    button: str
    about: str = ""
    asks: tuple[str, ...] = ()
    note: str = ""
    main: bool = False
    grave: bool = False

    @property
    def note_required(self) -> bool:
        """Whether the step is refused without it."""
        return MOVE_OF[self.step].reason


_S = Step
_FORMS = (
    StepForm(_S.ACCEPTED, "受理", "企业会收到受理通知和办理期限。", ("level",), main=True),
    StepForm(_S.REFUSED, "批准不予受理", "企业会收到派单员写的理由。", note="批准意见", main=True, grave=True),
    StepForm(_S.REFUSAL_DENIED, "不同意，应当受理", note="理由"),
    StepForm(_S.DISPATCHED, "派单", asks=("department",), note="给承办部门的话", main=True),
    StepForm(_S.SIGNED, "签收", "由您签收后，本部门开始办理。", main=True),
    StepForm(_S.ARBITRATED, "指定办理", "退单已满规定的次数，由谁办理在这里指定，办理中要换人也在这里。指定后承办部门不能再退。", ("department",), "指定理由", main=True),
    StepForm(_S.EXTENDED, "批准延期", _TO_ENTERPRISE, note="延期理由", main=True),
    StepForm(_S.EXTENSION_DENIED, "不同意延期", note="理由"),
    StepForm(_S.RESUMED, "恢复办理", "期限按中止的工作日顺延，企业会收到通知。", main=True),
    StepForm(_S.STARTED, "开始办理", main=True),
    StepForm(_S.DRAFTED, "提交审核", "审核通过以后企业才看得到。", ("text",), main=True),
    StepForm(_S.RELEASED, "审核通过，发给企业", "答复会发到企业提出诉求的渠道。", main=True),
    StepForm(_S.SENT_BACK, "退回修改", note="哪里要改"),
    StepForm(_S.CALLED_BACK, "记录回访", "电话回访后填写。没有解决、是承办部门没有办好的，会转为重办；其余的办结。", ("called_back",), "企业的话", main=True),
    StepForm(_S.CALL_TRIED, "未接通", "过两小时以上换个时间再打。", note="情况（如无人接听）"),
    StepForm(_S.CALL_GIVEN_UP, "多次未接通，办结", "已经试够次数。注明原因后办结，企业以后仍可评价。", note="原因"),
    StepForm(_S.UPHELD, "复核维持", _TO_ENTERPRISE, note="理由", main=True),
    StepForm(_S.REFUSAL_UPHELD, "维持不予受理", _TO_ENTERPRISE, note="理由", main=True),
    StepForm(_S.OVERTURNED, "复核撤销，重新办理", _TO_ENTERPRISE, note="理由"),
    StepForm(_S.REFUSAL_ASKED, "拟不予受理", "由另一个人批准；批准后理由会告诉企业。", note="理由（依据哪一条规定，应向哪里反映）"),
    StepForm(_S.RETURNED, "退单", "不属于本部门职责的才能退，最多两次；办理期限照算。", note="理由和依据"),
    StepForm(_S.EXTENSION_ASKED, "申请延期", "期限以内提出，由督办人员批准，批准后告诉企业。", ("days",), "理由"),
    StepForm(_S.REGRADED, "调整级别", f"办理期限按新的级别重新计算：按天的从受理算起，按小时的从调整时算起。{_TO_ENTERPRISE}", ("level",), "理由"),
    StepForm(_S.REASSIGNED, "改派", "收回后重新派单，可以派给原部门的其他人；办理期限照算，企业看不到。", ("department",), "改派理由", grave=True),
    StepForm(_S.REEXAMINATION_ASKED, "转复核", "企业对结果有异议、要求复核时用。", note="企业的理由"),
    StepForm(_S.REWORKED, "重办", "退回承办部门重新办理，重新计算期限，企业会收到通知。", note="哪里没有办好"),
    StepForm(_S.SUPERVISED, "督办", "列入督办，承办部门会看到。", note="督办要求"),
    StepForm(_S.SUSPENDED, "中止办理", f"期限暂停计算。{_TO_ENTERPRISE}", note="理由", grave=True),
    StepForm(_S.TERMINATED, "终止办理", f"不再办理。{_TO_ENTERPRISE}", note="理由", grave=True),
)  # fmt: skip
FORM_OF: Mapping[Step, StepForm] = {form.step: form for form in _FORMS}


def forms_of(steps: Sequence[Step]) -> list[StepForm]:
    """Their forms, what the ticket waits for in front."""
    found = [form for form in _FORMS if form.step in steps]
    return sorted(found, key=lambda form: not form.main)


def done_notice(step: str) -> str:
    """What to say when the page is opened after a step."""
    return f"已完成：{FORM_OF[Step(step)].button}。" if step in set(FORM_OF) else ""


def read(number: str, step: Step, fields: Mapping[str, str]) -> Filled:
    """What was filled in. Raises `Incomplete` for a call back without its two answers."""
    level, days, after = (fields.get(name, "") for name in ("level", "days", "after"))
    return Filled(
        after=row_id(after) or 0,
        note=fields.get("note", ""),
        level=Level(level) if level in set(Level) else None,
        department=fields.get("department") or None,
        days=row_id(days) or 0,
        text=fields.get("text", ""),
        called=_called(number, fields) if step is Step.CALLED_BACK else None,
    )


def meant(step: Step, fields: Mapping[str, str]) -> Step:
    """The step that a form comes to: a matter that the department did not solve is handled again."""
    again = fields.get("solved") == "no" and fields.get("why") == "department"
    return Step.REWORKED if step is Step.CALLED_BACK and again else step


def _called(number: str, fields: Mapping[str, str]) -> Called:
    solved, satisfied, said = (fields.get(name, "").strip() for name in ("solved", "satisfied", "note"))
    if solved not in ("yes", "no") or satisfied not in ("yes", "no"):
        raise Incomplete(number, Step.CALLED_BACK, "请回答两个问题：问题解决了吗，企业满意吗。")
    if solved == "no" and fields.get("why") not in ("department", "other"):
        raise Incomplete(number, Step.CALLED_BACK, "没有解决的，请选择是承办部门没有办好，还是其他原因。")
    if solved == "no" and not said:
        raise Incomplete(number, Step.CALLED_BACK, "没有解决的，请把企业说的情况写下来。")
    return Called(solved == "yes", satisfied == "yes")
