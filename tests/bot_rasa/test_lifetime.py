"""The server's life: what outlasts it, what ends it, and what it does not start without."""

import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis

from tests.bot_rasa.action_server import ActionServer, Answer, action_server, says
from tests.bot_rasa.rasa_server import HERE, PYTHON, RASA, free_port, running, start, surroundings


def test_a_form_goes_on_after_a_restart(model: Path, actions: ActionServer, any_tracker: str) -> None:
    actions.answers["action_submit"] = lambda call: says(
        "{matter}，{phone}".format(**call["tracker"]["slots"])
    )
    sender = secrets.token_hex(8)
    with running(model, actions.url, any_tracker) as rasa:
        rasa.say("我要投诉", "1", sender)
        asked = rasa.say("窗口太慢", "2", sender)
    with running(model, actions.url, any_tracker) as rasa:
        assert rasa.say("窗口太慢", "2", sender) == asked
        assert rasa.say("13800000000", "3", sender) == [{"text": "窗口太慢，13800000000"}]
        assert rasa.say("菜单", "4", sender) != []
    forget(any_tracker, sender)


def test_a_forgotten_talk_begins_anew(model: Path, actions: ActionServer, any_tracker: str) -> None:
    sender = secrets.token_hex(8)
    with running(model, actions.url, any_tracker) as rasa:
        rasa.say("我要投诉", "1", sender)
        rasa.http.delete(f"/webhooks/rest/talks/{sender}").raise_for_status()
        # The form would have taken it.
        assert rasa.say("菜单", "2", sender)[0]["text"] == "第一句"
        assert len(rasa.say("菜单", "2", sender)) == 2
    forget(any_tracker, sender)


def test_a_turn_under_way_is_finished_when_the_server_is_told_to_stop(model: Path, tmp_path: Path) -> None:
    called, told = threading.Event(), threading.Event()

    def slowly(call: object) -> Answer:
        called.set()
        told.wait(30)
        return says("做完了")

    with action_server() as slow:
        slow.answers["action_answer"] = slowly
        with running(model, slow.url, f"sqlite:///{tmp_path}/rasa.db") as rasa:
            replies: list[object] = []
            turn = threading.Thread(target=lambda: replies.append(rasa.say("查一查", "1")))
            turn.start()
            assert called.wait(30)
            rasa.process.send_signal(signal.SIGTERM)
            told.set()
            turn.join()
            assert replies == [[{"text": "做完了"}]]
            assert rasa.process.wait(30) == 0


def test_the_server_ends_with_the_process_that_started_it(model: Path, tmp_path: Path) -> None:
    code = "import sys, time; import rasa_server as r; from pathlib import Path; " + (
        "p = r.start(Path(sys.argv[1]), 'http://127.0.0.1:1', sys.argv[2], int(sys.argv[3])); "
        "print(p.pid, flush=True); time.sleep(600)"
    )
    arguments = [str(model), f"sqlite:///{tmp_path}/rasa.db", str(free_port())]
    here = str(Path(__file__).parent)
    parent = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=here, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = Path(f"/proc/{int(parent.stdout.readline())}/stat")
    assert child.exists()
    parent.kill()
    parent.communicate()
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        threading.Event().wait(0.05)


def test_closing_standard_input_ends_it_even_while_it_starts(model: Path, tmp_path: Path) -> None:
    process = start(model, "http://127.0.0.1:1", f"sqlite:///{tmp_path}/rasa.db", free_port())
    process.communicate()
    assert process.returncode == 0


def test_a_taken_port_is_a_failure(model: Path, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process = start(model, "http://127.0.0.1:1", f"sqlite:///{tmp_path}/rasa.db", port)
        assert process.wait(120) == 1
    process.communicate()


@pytest.mark.parametrize("missing", ["QIFU_RASA_TOKEN", "QIFU_ACTIONS_URL", "QIFU_RASA_TRACKER"])
def test_it_does_not_start_without_its_settings(missing: str, model: Path) -> None:
    settings = {
        "QIFU_RASA_TOKEN": "t",
        "QIFU_ACTIONS_URL": "http://127.0.0.1:1",
        "QIFU_RASA_TRACKER": "sqlite://",
    }
    del settings[missing]
    command: list[str | Path] = [PYTHON, RASA / "serve.py", "--model", model]
    ended = subprocess.run(command, env=surroundings(**settings), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert missing in ended.stderr


def test_it_does_not_start_without_a_model(tmp_path: Path) -> None:
    settings = {
        "QIFU_RASA_TOKEN": "t",
        "QIFU_ACTIONS_URL": "http://127.0.0.1:1",
        "QIFU_RASA_TRACKER": "sqlite://",
    }
    command: list[str | Path] = [PYTHON, RASA / "serve.py", "--model", tmp_path / "none.tar.gz"]
    ended = subprocess.run(command, env=surroundings(**settings), capture_output=True, text=True, check=False)
    assert ended.returncode == 2


def test_rules_that_contradict_each_other_are_not_trained(tmp_path: Path) -> None:
    project = HERE / "project"
    data = (project / "data.yml").read_text(encoding="utf-8")
    contradiction = "  - rule: other\n    steps:\n      - intent: menu\n      - action: action_answer\n"
    (tmp_path / "data.yml").write_text(data + contradiction, encoding="utf-8")
    inputs: list[str | Path] = ["--config", project / "config.yml", "--domain", project / "domain.yml"]
    outputs: list[str | Path] = ["--data", tmp_path / "data.yml", "--out", tmp_path, "--name", "never"]
    command = [PYTHON, RASA / "train.py", *inputs, *outputs]
    ended = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "two utterances in one turn" in ended.stderr
    assert not (tmp_path / "never.tar.gz").exists()


def forget(tracker: str, sender: str) -> None:
    if tracker.startswith("redis"):
        with redis.Redis.from_url(tracker) as server:
            assert server.delete(*server.scan_iter(f"*{sender}*")) > 0
