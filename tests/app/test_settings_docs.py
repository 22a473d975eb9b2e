"""docs/settings.md tells operators of every setting, and of nothing else."""

from __future__ import annotations

import re

from app.settings import ROOT, Settings

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_NAME = re.compile(r"`(QIFU_[A-Z0-9_]+)`")


def documented() -> list[str]:
    """The variables that have a heading of their own, in order."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    headings = _HEADING.findall(text)
    names = [match[1] for heading in headings if (match := _NAME.fullmatch(heading))]
    assert len(names) == len(headings), "a heading is not a variable"
    return names


def variables() -> list[str]:
    """The variables that the product reads, in the order of the code."""
    prefix = Settings.model_config["env_prefix"]
    return [f"{prefix}{name}".upper() for name in Settings.model_fields]


def test_every_setting_is_documented() -> None:
    assert set(variables()) - set(documented()) == set()


def test_no_documented_setting_is_stale() -> None:
    assert set(documented()) - set(variables()) == set()


def test_no_setting_is_documented_twice() -> None:
    assert len(documented()) == len(set(documented()))


def test_every_default_that_is_a_plain_value_is_told_as_it_is() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    sections = dict(zip(documented(), _HEADING.split(text)[2::2], strict=True))
    plain = {
        name: field.default
        for name, field in zip(variables(), Settings.model_fields.values(), strict=True)
        if isinstance(field.default, (str, int, float)) and field.default != ""
    }
    wrong = [name for name, default in plain.items() if f"- 默认：`{default}`" not in sections[name]]
    assert wrong == []
