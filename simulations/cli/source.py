"""Where scenarios, studies and timing are read from: a file or standard input, or a shipped set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from escalation.cli.options import read_stdin
from escalation.errors import InputError, did_you_mean
from simulations.scenarios.scenario import (
    MAX_BYTES,
    Scenario,
    load_scenarios,
    parse_scenarios,
    shipped_scenarios,
)

if TYPE_CHECKING:
    from simulations.sweeps.study import Study
    from simulations.timing.assumptions import Timing

__all__ = ["read_scenarios", "read_study", "read_timing"]


def read_scenarios(
    source: str, *, n_levels: int | None = None, doses: Sequence[float] | None = None
) -> tuple[Scenario, ...]:
    """Load scenarios by name or path, or from standard input where it is ``-``.

    ``source`` may end in ``:NAME``, which picks one of them.
    """
    place, name = _split(source)
    if place == "-":
        content = read_stdin(MAX_BYTES + 1)
        loaded = parse_scenarios(content, "standard input", n_levels=n_levels, doses=doses)
    else:
        loaded = load_scenarios(place, n_levels=n_levels, doses=doses)
    if name is None:
        return loaded
    picked = tuple(scenario for scenario in loaded if scenario.name == name)
    if not picked:
        hint = did_you_mean(name, [scenario.name for scenario in loaded])
        raise InputError(f"{place} has no scenario {name!r}; {hint}")
    return picked


def read_study(path: Path) -> Study:
    """Read a study from a file, or from standard input where it is ``-``, then of this folder."""
    from simulations.sweeps.file import load_study, parse_study  # numpy

    if str(path) != "-":
        return load_study(path)
    return parse_study(read_stdin(MAX_BYTES + 1), "standard input", Path())


def read_timing(path: Path) -> Timing:
    """Read assumptions about time from a file, or from standard input where it is ``-``."""
    from simulations.timing.file import load_timing, parse_timing

    if str(path) != "-":
        return load_timing(path)
    return parse_timing(read_stdin(MAX_BYTES + 1), "standard input")


def _split(source: str) -> tuple[str, str | None]:
    """Part a source at the colon before a scenario's name; a path may hold a colon too."""
    colons = [place for place, letter in enumerate(source) if letter == ":"]
    for colon in colons:
        place, name = source[:colon], source[colon + 1 :]
        is_source = place in ("-", *shipped_scenarios()) or place.endswith(".toml")
        if name and not Path(source).exists() and (is_source or Path(place).is_file()):
            return place, name
    return source, None
