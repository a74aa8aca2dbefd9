"""Scenarios: assumed true P(DLT) at each dose level, as numbers, from a file, or shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from escalation.errors import EscalationError, FileFaultsError, InputError, did_you_mean, reason
from escalation.nearness import is_above
from escalation.protocol import Protocol
from simulations.scenarios.arguments import CurveError, dose_faults, show
from simulations.scenarios.files import p_dlt_faults, read_scenarios, text_faults

__all__ = [
    "Scenario",
    "ScenarioError",
    "ScenarioFileError",
    "load_scenarios",
    "parse_scenarios",
    "scenarios_for",
    "scenarios_of",
    "shipped_scenarios",
]


_SETS = Path(__file__).with_name("sets")


class ScenarioError(EscalationError):
    """Values that do not make a scenario."""


class ScenarioFileError(FileFaultsError, ScenarioError):
    """A scenario file that is not valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An assumed toxicity curve.

    Attributes
    ----------
    name : str
    p_dlt : tuple of float
        True P(DLT) at each level, lowest level first, each from 0 to 1. It need not rise.
    description : str
        What the scenario stands for; takes no part in comparisons.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the values.
    """

    name: str
    p_dlt: tuple[float, ...]
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        faults = [
            *text_faults("name", self.name),
            *p_dlt_faults(self.p_dlt),
            *(text_faults("description", self.description) if self.description != "" else ()),
        ]
        if faults:
            raise ScenarioError(f"scenario {show(self.name)}: {'; '.join(faults)}")
        # + 0.0 turns -0.0 into 0.0
        object.__setattr__(self, "p_dlt", tuple(float(p) + 0.0 for p in self.p_dlt))

    @property
    def is_monotone(self) -> bool:
        """Whether P(DLT) never falls from one level to the next."""
        return not any(is_above(low, high) for low, high in pairwise(self.p_dlt))


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the sets that ship with the package, fewest levels first.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "levels-4" in shipped_scenarios()
    True
    """
    files = [file.name for file in _SETS.iterdir()]
    names = [file.removesuffix(".toml") for file in files if file.endswith(".toml")]
    return tuple(sorted(names, key=lambda name: (len(name), name)))


def scenarios_for(n_levels: int) -> tuple[Scenario, ...]:
    """Return the shipped set for a ladder of ``n_levels`` levels.

    Raises
    ------
    ScenarioError
        If none is shipped.
    """
    name = f"levels-{n_levels}"
    if name not in shipped_scenarios():
        raise ScenarioError(
            f"no scenarios are shipped for a ladder of {n_levels}, only "
            f"{' and '.join(shipped_scenarios())}; give P(DLT) by level, or a scenario file"
        )
    return load_scenarios(name, n_levels=n_levels)


def scenarios_of(protocol: Protocol) -> tuple[Scenario, ...]:
    """Return the scenarios that a protocol brings along."""
    return tuple(Scenario(name=own.name, p_dlt=own.p_dlt) for own in protocol.scenarios)


def load_scenarios(
    name_or_path: str | Path,
    *,
    n_levels: int | None = None,
    doses: Sequence[float] | None = None,
) -> tuple[Scenario, ...]:
    """Read the scenarios of a shipped set or of a TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped set, else a file.
    n_levels : int, optional
        Number of levels that every scenario must have.
    doses : sequence of float, shape (n_levels,), optional
        Doses of the ladder, lowest first, for scenarios given by formula. A file may give its own
        where there is no ladder, but may not contradict it.

    Returns
    -------
    tuple of Scenario

    Raises
    ------
    ScenarioFileError
        With every fault of the file and its place.
    CurveError
        If ``doses`` are not the doses of a ladder.
    InputError
        Where neither a name nor a file is given.

    Examples
    --------
    >>> [scenario.name for scenario in load_scenarios("levels-3")][:2]
    ['low', 'flat']
    """
    if not isinstance(name_or_path, str | Path):
        raise InputError(
            f"scenarios are loaded by the name of a set or a file, not {name_or_path!r}"
        )
    source = str(name_or_path)
    try:
        if name_or_path in shipped_scenarios():
            content = (_SETS / f"{name_or_path}.toml").read_bytes()
        else:
            with Path(name_or_path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = did_you_mean(source, shipped_scenarios())
        fault = f"no such file, and no shipped set of that name; {hint}"
        raise ScenarioFileError(source, [fault]) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ScenarioFileError(source, [f"cannot be read: {reason(error)}"]) from error
    return parse_scenarios(content, source, n_levels=n_levels, doses=doses)


MAX_BYTES = 200_000  # no scenario file is larger; a device or a data file would be
MAX_LINE = 5_000  # a dotted key of 100 kB takes the TOML reader gigabytes


def parse_scenarios(
    content: bytes,
    source: str,
    *,
    n_levels: int | None = None,
    doses: Sequence[float] | None = None,
) -> tuple[Scenario, ...]:
    """Read scenarios from the bytes of a TOML file; otherwise as ``load_scenarios``.

    ``source`` is what messages call the file.
    """
    if doses is not None:
        doses = tuple(doses)
        faults = dose_faults(doses)
        if n_levels not in (None, len(doses)):
            faults.append(f"doses: needs one dose a level, {n_levels} in all, not {len(doses)}")
        if faults:
            raise CurveError(faults)
        n_levels = len(doses)
    if len(content) > MAX_BYTES:
        raise ScenarioFileError(source, [f"not a scenario file: larger than {MAX_BYTES} bytes"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"not a scenario file: byte {error.start + 1} is not UTF-8 text"
        raise ScenarioFileError(source, [fault]) from error
    if max(map(len, text.splitlines()), default=0) > MAX_LINE:
        fault = f"not a scenario file: a line is longer than {MAX_LINE} characters"
        raise ScenarioFileError(source, [fault])
    scenarios, faults = read_scenarios(text, n_levels=n_levels, doses=doses)
    if faults:
        raise ScenarioFileError(source, faults)
    return tuple(Scenario(**fields) for fields in scenarios)
