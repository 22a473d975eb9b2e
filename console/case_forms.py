"""The steps of a 差评 case as forms: what each asks for, and what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tickets.rectification_states import CASE_MOVE_OF, CaseStep

_TO_ENTERPRISE = "审核通过后原样发给企业。"


@dataclass(frozen=True, slots=True)
class CaseForm:
    """`note`: what the text is called; empty, none is asked for. `main`: what the case waits for, in front."""

    step: CaseStep
    button: str
    about: str = ""
    note: str = ""
    main: bool = False
    grave: bool = False

    @property
    def note_required(self) -> bool:
        """Whether the step is refused without it."""
        return CASE_MOVE_OF[self.step].note


_S = CaseStep
_FORMS = (
    CaseForm(_S.CONTACTED, "已联系企业", "打过电话或在对话里问过以后填写。", "企业说了什么，要求是什么", main=True),
    CaseForm(_S.TRIED, "没联系上", "换个时间再联系。满三次的可以不经联系列入整改。", "什么时候、怎么联系的"),
    CaseForm(_S.UNREACHED, "多次联系不上，列入整改", "列入台账限期整改，做完提交结果。", "打算怎么改"),
    CaseForm(_S.FIXED, "立行立改，提交结果", f"诉求合理、马上能改的用。{_TO_ENTERPRISE}", "改了什么，结果怎样", main=True),
    CaseForm(_S.PLANNED, "列入台账，限期整改", "情况复杂、一时改不完的用；做完再提交结果。", "整改措施、责任人和完成时间"),
    CaseForm(_S.SUBMITTED, "提交整改结果", _TO_ENTERPRISE, "改了什么，结果怎样", main=True),
    CaseForm(_S.EXPLAINED, "解释说明", f"没有政策依据、确实改不了的用。{_TO_ENTERPRISE}", "向企业的说明和依据"),
    CaseForm(_S.APPEALED, "申诉复核", "认为评错了或恶意评价的用，由督办人员决定；成立的不计入，不成立的照样整改。", "申诉理由和证据", grave=True),
    CaseForm(_S.RELEASED, "审核通过，发给企业", "结果会发到企业评价的渠道，并请企业再评一次。", main=True),
    CaseForm(_S.SENT_BACK, "退回", "退回继续整改，期限照算。", "哪里不够"),
    CaseForm(_S.UPHELD, "申诉成立，不计入", "理由会原样告诉企业。", "理由", grave=True),
    CaseForm(_S.DENIED, "申诉不成立，继续整改", "差评仍然有效，期限照算。", "理由", main=True),
)  # fmt: skip
CASE_FORM_OF: Mapping[CaseStep, CaseForm] = {form.step: form for form in _FORMS}


def case_forms(steps: Sequence[CaseStep]) -> list[CaseForm]:
    """Their forms, what the case waits for in front."""
    found = [form for form in _FORMS if form.step in steps]
    return sorted(found, key=lambda form: not form.main)


def case_notice(step: str) -> str:
    """What to say when the page is opened after a step."""
    return f"已完成：{CASE_FORM_OF[CaseStep(step)].button}。" if step in set(CASE_FORM_OF) else ""
