"""What can be wrong with a step.

StepRefused
  x NotHere            the ticket stands where the step is not taken (a withdrawn one takes none)
  x NotYours           somebody in that part may not take it
  x ReasonMissing
  x SecondPersonNeeded who asked for it, or wrote it, may not approve it
  x NothingAsked       nobody has asked for what would be granted
  x TooLate            the limit that was to be extended is over
  x ReturnedTooOften   after so many returns the arbiter decides
  x MovedOn            something happened to it that who takes the step has not seen
  x CalledJustNow      the last call in vain is not long ago
  x TooFewCalls        it was not tried often enough
  x FilledAnew         who has just taken the step fills it in otherwise, on a page from before it
  x Incomplete         something that the step needs was not filled in
"""

from __future__ import annotations

from datetime import timedelta

from tickets.states import STATE_NAMES, STEP_NAMES, State, Step


class StepRefused(Exception):
    """A step that is not taken; `text` says why, in Chinese, to whoever tried."""

    def __init__(self, number: str, step: Step, text: str) -> None:
        super().__init__(f"{step} of ticket {number} is refused")
        self.number = number
        self.step = step
        self.text = text


class NotHere(StepRefused):
    """The ticket stands where the step is not taken; perhaps somebody was faster."""

    def __init__(self, number: str, step: Step, state: State) -> None:
        text = f"工单 {number} 现在是“{STATE_NAMES[state]}”，不能{STEP_NAMES[step]}。请刷新后再看。"
        super().__init__(number, step, text)
        self.state = state


class NotYours(StepRefused):
    """Somebody in that part may not take the step."""

    def __init__(self, number: str, step: Step) -> None:
        super().__init__(number, step, f"您的岗位不能{STEP_NAMES[step]}。")


class ReasonMissing(StepRefused):
    """The step needs a written reason."""

    def __init__(self, number: str, step: Step) -> None:
        super().__init__(number, step, f"{STEP_NAMES[step]}需要写明理由。")


class SecondPersonNeeded(StepRefused):
    """Who asked for it or wrote it may not approve it."""

    def __init__(self, number: str, step: Step) -> None:
        super().__init__(number, step, f"{STEP_NAMES[step]}须由另一个人决定，提出的人不能自己批准。")


class NothingAsked(StepRefused):
    """Nobody has asked for what would be granted."""

    def __init__(self, number: str, step: Step) -> None:
        super().__init__(number, step, f"工单 {number} 没有待批的申请。")


class TooLate(StepRefused):
    """An extension has to be asked for before the limit ends."""

    def __init__(self, number: str, step: Step) -> None:
        super().__init__(number, step, "办理期限已过，不能再申请延期。")


class ReturnedTooOften(StepRefused):
    """After so many returns the arbiter decides, and what the arbiter assigned is not returned."""

    def __init__(self, number: str, step: Step, most: int) -> None:
        super().__init__(number, step, f"退单满 {most} 次的工单由裁定人指定承办部门，不能再退单或普通派单。")


class CalledJustNow(StepRefused):
    """The last call in vain is not long ago: the enterprise is to be tried at another time."""

    def __init__(self, number: str, step: Step, pause: timedelta) -> None:
        hours = pause.total_seconds() / 3600
        super().__init__(number, step, f"刚刚记过一次未接通，请隔 {hours:g} 小时以上换个时间再打。")


class TooFewCalls(StepRefused):
    """It was not tried often enough to close the ticket without the enterprise's word."""

    def __init__(self, number: str, step: Step, tries: int) -> None:
        super().__init__(number, step, f"未接通满 {tries} 次才能不经回访办结。")


class MovedOn(StepRefused):
    """Something happened to the ticket that who takes the step has not seen."""

    def __init__(self, number: str, step: Step, happened: Step) -> None:
        text = f"这张工单刚有新的进展（{STEP_NAMES[happened]}），请先看过再提交。填写的内容还在。"
        super().__init__(number, step, text)


class FilledAnew(StepRefused):
    """Who has just taken the step fills it in otherwise, on a page from before it."""

    def __init__(self, number: str, step: Step) -> None:
        text = f"您刚才已经{STEP_NAMES[step]}了，以那一次填写的为准；这次改过的内容没有提交，还在下面。"
        super().__init__(number, step, text)


class Incomplete(StepRefused):
    """Something that the step needs was not filled in; `text` says what."""
