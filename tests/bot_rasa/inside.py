"""What can only be seen from within Rasa's own environment; run there by test_inside.py, one line per check."""

import asyncio
import doctest
import itertools
import json
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bot" / "rasa"))

import light  # noqa: E402
from quiet import quieten  # noqa: E402

quieten()
light.leave_out()

import channel  # noqa: E402
import endpoint  # noqa: E402
import rasa  # noqa: E402
import speed  # noqa: E402
from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.core.policies.rule_policy import RulePolicy  # noqa: E402
from rasa.engine.storage.local_model_storage import LocalModelStorage  # noqa: E402
from rasa.shared.core.events import BotUttered, Event, UserUttered  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity  # noqa: E402
from rasa.shared.utils.common import all_subclasses  # noqa: E402
from trackers import SqlTrackers, redis_place  # noqa: E402
from turns import TurnAgent, said_to  # noqa: E402

MODEL = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()

ACTION_RESULTS: list[Any] = [
    {},
    {"events": [], "responses": []},
    {
        "events": [{"event": "slot", "name": "a", "value": {"b": [1]}}],
        "responses": [{"text": "x", "buttons": []}],
    },
    {"events": [{"event": "bot", "text": "x"}, {"event": "form", "name": None}]},
    {"events": {}},
    {"events": [1]},
    {"events": [{"name": "a"}]},
    {"events": [{"event": "slot"}]},
    {"events": [{"event": "unknown"}]},
    {"responses": ["x"]},
    {"responses": None},
    [],
    "text",
    None,
]


def outcome(run: Callable[[], Any]) -> Any:
    """What a call comes to: its value, or the class of its exception."""
    try:
        return run()
    except Exception as error:
        return type(error)


def stock_and_mended(
    owner: Any, name: str, mending: Callable[[], None], ask: Callable[[], list[Any]]
) -> list[Any]:
    """Ask before and after a mending, and take the mending back."""
    stock = owner.__dict__[name]
    before = ask()
    mending()
    try:
        return [before, ask()]
    finally:
        setattr(owner, name, stock)


def check_a_malformed_action_result_is_refused_as_by_stock_rasa() -> None:
    action = RemoteAction("action_x", None)

    def ask() -> list[Any]:
        return [outcome(partial(action._validate_action_result, result)) for result in ACTION_RESULTS]

    before, after = stock_and_mended(
        RemoteAction, "_validate_action_result", speed.compile_validator_once, ask
    )
    assert after == before
    assert True in before and len(set(map(str, before))) > 1


def check_every_event_name_finds_the_class_it_finds_in_stock_rasa() -> None:
    names = [kind.type_name for kind in all_subclasses(Event)] + ["topic", "nonsense", None]

    def ask() -> list[Any]:
        return [outcome(partial(Event.resolve_by_type, name)) for name in names]

    before, after = stock_and_mended(Event, "resolve_by_type", speed.find_event_classes_once, ask)
    assert after == before


def check_the_likely_rules_hold_every_rule_that_stock_rasa_finds() -> None:
    with tempfile.TemporaryDirectory() as folder:
        LocalModelStorage.from_model_archive(Path(folder), MODEL)
        [learnt] = Path(folder).rglob("rule_policy.json")
        learnt_lookups = json.loads(learnt.read_text(encoding="utf-8"))["lookup"]
    policy = RulePolicy.__new__(RulePolicy)  # what compares rules needs nothing else of a policy
    lookups = [learnt_lookups["rules"], learnt_lookups["rules_for_loop_unhappy_path"]]
    states = [RulePolicy._rule_key_to_state(key) for lookup in lookups for key in lookup]
    actions = sorted({state[-1].get("prev_action", {}).get("action_name", "") for state in states})
    users: tuple[dict[str, str], ...] = ({}, {"intent": "menu"}, {"intent": "never heard of"})
    states += [
        [*known[:-1], {**known[-1], "user": user, "prev_action": {"action_name": action}}]
        for known, action, user in itertools.product(list(states), actions, users)
    ]
    states += [[], [{}], [{"user": {"intent": "menu"}}]]

    def ask() -> list[Any]:
        return [policy._get_possible_keys(lookup, known) for lookup in lookups for known in states]

    before, after = stock_and_mended(RulePolicy, "_get_possible_keys", speed.try_likely_rules_only, ask)
    assert after == before
    assert any(before)


def check_another_rasa_is_not_mended() -> None:
    version, rasa.__version__ = rasa.__version__, "3.6.22"
    try:
        assert outcome(speed.mend) is RuntimeError
    finally:
        rasa.__version__ = version


def talk(store: SqlTrackers) -> TurnAgent:
    """An agent on the store that has heard half a form; it called no action for that."""
    agent = TurnAgent(tracker_store=store)
    agent.load_model(str(MODEL))
    for number, text in enumerate(["菜单", "我要投诉", "窗口太慢", "不说", "菜单"]):
        message = UserMessage(text, channel.Utterances(), "a", metadata={"message_id": str(number)})
        asyncio.run(agent.handle_message(message))
    return agent


def state(store: SqlTrackers) -> dict[str, Any] | None:
    """All that a tracker store gives of the conversation, as JSON has it."""
    tracker: DialogueStateTracker | None = asyncio.run(store.retrieve("a"))
    assert tracker is not None
    read: dict[str, Any] = json.loads(json.dumps(tracker.current_state(EventVerbosity.ALL)))
    return read


def check_a_kept_tracker_is_what_reading_it_anew_would_give() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, other = SqlTrackers(f"sqlite:///{folder}/a.db"), SqlTrackers(f"sqlite:///{folder}/a.db")
        agent = talk(store)
        other.domain = agent.domain
        assert "a" in store._kept
        assert state(store) == state(other)


def check_a_folder_may_be_called_after_another_database() -> None:
    with tempfile.TemporaryDirectory(prefix="postgresql") as folder:
        assert asyncio.run(SqlTrackers(f"sqlite:///{folder}/a.db").retrieve("a")) is None


def check_a_turn_that_was_overtaken_is_not_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, other = SqlTrackers(f"sqlite:///{folder}/a.db"), SqlTrackers(f"sqlite:///{folder}/a.db")
        other.domain = talk(store).domain
        mine, theirs = asyncio.run(store.retrieve("a")), asyncio.run(other.retrieve("a"))
        assert mine is not None and theirs is not None
        theirs.update(UserUttered("theirs"))
        asyncio.run(other.save(theirs))
        mine.update(UserUttered("mine"))
        assert outcome(lambda: asyncio.run(store.save(mine))) is RuntimeError
        assert state(store)["latest_message"]["text"] == "theirs"  # type: ignore[index]


def check_a_message_repeated_within_its_turn_still_has_one_reply() -> None:
    first, again = (
        UserUttered("x", metadata={"message_id": "1"}),
        UserUttered("x", metadata={"message_id": "1"}),
    )
    other = UserUttered("y", metadata={"message_id": "2"})
    said = [BotUttered("a"), BotUttered("b"), BotUttered("c")]
    events = [first, said[0], again, said[1], other, said[2]]
    assert said_to("1", events) == said[:2]
    assert said_to("2", events) == said[2:]
    assert said_to("3", events) is None


def check_a_redis_url_is_taken_apart() -> None:
    place = redis_place("rediss://name:p%40ss@host:6380/2")
    assert place == {
        "host": "host", "port": 6380, "db": 2, "username": "name", "password": "p@ss", "use_ssl": True
    }  # fmt: skip
    assert redis_place("redis://host")["port"] == 6379


def check_what_uses_tensorflow_is_not_left_without_it() -> None:
    import tensorflow

    assert outcome(lambda: tensorflow.constant(1, name="x")) is RuntimeError
    assert not light.all_light({"JiebaTokenizer", "DIETClassifier"})
    assert light.all_light(light.components_of_model(MODEL))


def check_the_examples_in_the_docstrings_are_true() -> None:
    for module in (channel, endpoint):
        assert doctest.testmod(module).failed == 0


def main() -> None:
    """Run every check and print a JSON object: its name, and the traceback of one that failed."""
    results = {}
    for name, check in [item for item in globals().items() if item[0].startswith("check_")]:
        try:
            check()
            results[name] = ""
        except Exception:
            results[name] = traceback.format_exc()
    print(json.dumps(results))


if __name__ == "__main__":
    main()
