"""The life of a ticket, of a 差评 case, and their limits, drawn from the code for docs/tickets.md."""

from __future__ import annotations

from tickets.limits import LEVEL_NAMES, TIMED_NAMES, Level, Timed, TimeLimits
from tickets.rectification_states import (
    CASE_CLOSED,
    CASE_MOVES,
    CASE_STATE_NAMES,
    CASE_STEP_NAMES,
    WAY_NAMES,
    CaseState,
)
from tickets.states import MOVES, OPEN, STATE_NAMES, STEP_NAMES, Move, State


def diagram() -> str:
    """The states and the moves between them as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {STATE_NAMES[State.SUBMITTED]}"]
    for move in MOVES:
        if move.after is None:
            continue
        if move.before >= OPEN - {State.SUBMITTED}:  # from almost everywhere: arrows would hide the rest
            continue
        lines += [
            f"    {STATE_NAMES[before]} --> {STATE_NAMES[move.after]}: {STEP_NAMES[move.step]}"
            for before in State
            if before in move.before
        ]
    lines.append(f"    {STATE_NAMES[State.ARCHIVED]} --> [*]")
    return "\n".join(lines)


def moves_table() -> str:
    """Every move as a row of a Markdown table."""
    rows = ["| 动作 | 谁 | 在哪些状态 | 之后 | 理由 |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_row(move) for move in MOVES)])


def case_diagram() -> str:
    """The same for a 差评 case."""
    lines = ["stateDiagram-v2", f"    [*] --> {CASE_STATE_NAMES[CaseState.TO_CONTACT]}: 差评立案"]
    for move in CASE_MOVES:
        lines += [
            f"    {CASE_STATE_NAMES[before]} --> {CASE_STATE_NAMES[move.after]}: {CASE_STEP_NAMES[move.step]}"
            for before in CaseState
            if before in move.before and move.after
        ]
    lines += [f"    {CASE_STATE_NAMES[state]} --> [*]" for state in CaseState if state in CASE_CLOSED]
    return "\n".join(lines)


def case_moves_table() -> str:
    """Every move of a 差评 case as a row of a Markdown table."""
    rows = ["| 动作 | 谁 | 在哪些状态 | 之后 | 处理方式 | 写明情况 |", "|---|---|---|---|---|---|"]
    for move in CASE_MOVES:
        before = "、".join(CASE_STATE_NAMES[state] for state in CaseState if state in move.before)
        after = CASE_STATE_NAMES[move.after] if move.after else "不变"
        actors = "、".join(sorted(_ACTOR_NAMES[actor.value] for actor in move.actors))
        way = WAY_NAMES[move.way] if move.way else ""
        note = "必填" if move.note else ""
        rows.append(f"| {CASE_STEP_NAMES[move.step]} | {actors} | {before} | {after} | {way} | {note} |")
    return "\n".join(rows)


def limits_table() -> str:
    """Every default limit and where it comes from as a Markdown table."""
    rows = ["| 环节 | 默认时限 | 依据 |", "|---|---|---|"]
    for timed in Timed:
        graded = TimeLimits().graded(timed)
        named = [(f"{TIMED_NAMES[timed]}·{LEVEL_NAMES[level]}", level) for level in graded]
        if timed is not Timed.HANDLE:
            named.insert(0, (TIMED_NAMES[timed], Level.GENERAL))
        for name, level in named:
            rule = TimeLimits().of(timed, level)
            rows.append(f"| {name} | {rule.limit.text()} | {rule.source} |")
    return "\n".join(rows)


def _row(move: Move) -> str:
    before = "、".join(STATE_NAMES[state] for state in State if state in move.before)
    after = STATE_NAMES[move.after] if move.after else "不变"
    actors = "、".join(sorted(_ACTOR_NAMES[actor.value] for actor in move.actors))
    return f"| {STEP_NAMES[move.step]} | {actors} | {before} | {after} | {'必填' if move.reason else ''} |"


_ACTOR_NAMES = {
    "enterprise": "企业",
    "clock": "到期自动",
    "agent": "坐席",
    "dispatcher": "派单员",
    "handler": "经办人",
    "reviewer": "审核人",
    "supervisor": "督办人员",
    "arbiter": "裁定人",
}
