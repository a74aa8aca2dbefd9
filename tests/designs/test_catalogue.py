"""Designs by name: each is imported when it is asked for, and none with another."""

from __future__ import annotations

import subprocess
import sys

import pytest

import escalation.designs as door
from escalation.designs import DESIGNS, make_design


@pytest.mark.parametrize("name", DESIGNS)
def test_each_design_is_found_by_its_own_name_and_at_the_door(name):
    assert DESIGNS[name].name == name
    assert getattr(door, DESIGNS[name].__name__) is DESIGNS[name]
    assert DESIGNS[name].__name__ in door.__all__


def test_deciding_by_one_design_imports_no_other():
    code = (
        "import sys; from escalation.cli import main; "
        "main(['decide', '1NNN 2NNT'], standalone_mode=False); "
        "print(*sorted(m for m in sys.modules if m.startswith('escalation.designs.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "escalation.designs.a_plus_b.three_plus_three" in loaded
    others = ("interval", "crm", "accelerated", "rolling_six")
    assert [one for one in loaded if any(other in one for other in others)] == []


def test_what_is_not_a_design_is_not_found():
    with pytest.raises(KeyError):
        DESIGNS["4+4"]
    assert "4+4" not in DESIGNS
    with pytest.raises(Exception, match="did you mean"):
        make_design("bion", n_levels=3)
