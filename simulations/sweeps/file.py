"""The written form of a study: TOML, and everything that can be wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, TypeGuard, TypeVar, get_args

from escalation.designs import DESIGNS, VARIANTS, ThreePlusThree
from escalation.errors import EscalationError, FileFaultsError, did_you_mean
from escalation.protocol import Protocol, load_protocol, shipped_protocols
from escalation.protocol.defaults import fill_in
from escalation.text import is_line
from simulations.engines.montecarlo import MOST_ONE_BY_ONE
from simulations.engines.simulated import Draws
from simulations.engines.timeline.run import MOST_TRIALS
from simulations.engines.timeline.setting import Setting
from simulations.questions.question import check_p_moderate
from simulations.scenarios.arguments import finite, is_list, show
from simulations.scenarios.files import place_of, read_tables
from simulations.scenarios.scenario import (
    Scenario,
    load_scenarios,
    scenarios_for,
    scenarios_of,
    shipped_scenarios,
)
from simulations.scenarios.toml import parse_toml, read_bytes
from simulations.sweeps.study import Study, StudyMethod
from simulations.timing.assumptions import MAX_DAYS, Timing, TimingError
from simulations.timing.file import load_timing, read_timing, timing_document

__all__ = ["StudyFileError", "load_study", "parse_study"]

MAX_CELLS = 1_000_000
_MOST_LETTERS = 200
_LINE = f"one line of at most {_MOST_LETTERS} letters is needed"
_KEYS = (
    "schema",
    "name",
    "protocol",
    "levels",
    "method",
    "draws",
    "trials",
    "seed",
    "target",
    "p_moderate",
    "finished_by",
    "designs",
    "scenarios",
    "timing",
)
_EXAMPLE = 'for example [[designs]] and under it design = "3+3"'
Named = TypeVar("Named")


class StudyFileError(FileFaultsError):
    """A study that is not valid, with every fault."""


def load_study(path: str | Path) -> Study:
    """Read a study from a TOML file; the files that it names lie beside it.

    Raises
    ------
    StudyFileError
        With every fault of the file and its place.
    """
    return parse_study(read_bytes(path, StudyFileError), str(path), Path(path).parent)


def parse_study(content: bytes, source: str, folder: Path) -> Study:
    r"""Read a study from the bytes of a TOML file.

    Parameters
    ----------
    content : bytes
    source : str
        What messages call the file.
    folder : Path
        Where the files lie that it names.

    Raises
    ------
    StudyFileError
        With every fault of the file and its place.

    Examples
    --------
    >>> study = parse_study(b'levels = 3\n[[designs]]\ndesign = "3+3"', "a study", Path())
    >>> [cell.title for cell in study.cells][:2]
    ['cell 1 (3+3, low)', 'cell 2 (3+3, flat)']
    """
    reader = _Reader(parse_toml(content, source, "a study", StudyFileError), folder)
    study = reader.read(Path(source).stem)
    if study is None:
        raise StudyFileError(source, list(dict.fromkeys(reader.faults)))  # one for many variants
    return study


class _Reader:
    """Reads one document, and gathers its faults."""

    def __init__(self, document: Mapping[str, Any], folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.faults: list[str] = []

    def read(self, stem: str) -> Study | None:
        """Return the study; None where there is a fault."""
        document = self.document
        self.unknown_keys("the file", document, _KEYS)
        schema = document.get("schema", 1)
        if schema != 1 or type(schema) is not int:
            self.faults.append(f"schema: 1 is the only one there is, not {show(schema)}")
        name = document.get("name", stem)
        if not isinstance(name, str) or not is_line(name, _MOST_LETTERS):
            self.faults.append(f"name: {_LINE}, not {show(name)}")
        target = document.get("target")
        if target is not None and not 0 < finite(target) < 1:
            self.faults.append(f"target: {show(target)} is not strictly between 0 and 1")
            target = None
        choices = {
            "method": self.choice("method", get_args(StudyMethod), "auto"),
            "draws": self.choice("draws", get_args(Draws), "latent"),
            "trials": self.whole("trials", 1, MOST_ONE_BY_ONE, 10_000),
            "seed": self.whole("seed", 0, 2**63 - 1, 1),
        }
        ladder = self.read_ladder()
        designs = self.read_designs(ladder, None if target is None else float(target))
        n_levels = None if ladder is None else len(ladder.levels)
        p_moderate = self.read_p_moderate(designs, n_levels)
        scenarios = self.read_scenarios(ladder)
        timings = self.read_timings()
        self.check_clock(designs, timings, p_moderate, choices["trials"])
        finished_by = self.read_days("finished_by")
        if finished_by and not self.document.get("timing"):
            self.faults.append("finished_by: needs a clock; add [[timing]] tables, or leave it out")
        n_cells = len(designs) * len(scenarios) * max(1, len(timings))
        if n_cells > MAX_CELLS:
            self.faults.append(f"the study has {n_cells:,} cells; {MAX_CELLS:,} are possible")
        if self.faults:
            return None
        return Study(
            name=name,
            designs=tuple(designs.items()),
            scenarios=tuple(scenarios.values()),
            timings=tuple(timings.items()),
            target=None if target is None else float(target),
            p_moderate=p_moderate,
            finished_by=finished_by,
            **choices,
        )

    # ------------------------------------------------------------ values

    def unknown_keys(self, place: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        self.faults += [
            f"{place}: {show(key)} is not a key here; {did_you_mean(key, known)}"
            for key in table
            if key not in known
        ]

    def choice(self, key: str, known: tuple[str, ...], default: str) -> Any:
        value = self.document.get(key, default)
        if value not in known:
            hint = did_you_mean(value if isinstance(value, str) else "", known)
            self.faults.append(f"{key}: {show(value)} is not one; {hint}")
        return value

    def whole(self, key: str, least: int, most: int, default: int) -> int:
        value = self.document.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # 1e6
        if type(value) is not int or not least <= value <= most:
            self.faults.append(
                f"{key}: a whole number from {least} to {most:,} is needed, not {show(value)}"
            )
            return default
        return value

    def read_days(self, key: str) -> tuple[float, ...]:
        days = self.document.get(key, [])
        if not is_list(days) or not all(0 < finite(day) <= MAX_DAYS for day in days):
            self.faults.append(f"{key}: days above 0 are needed, as [180, 365], not {show(days)}")
            return ()
        if len(set(days)) < len(days):
            self.faults.append(f"{key}: a day is there twice")
        return tuple(float(day) for day in days)

    def tables(self, key: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """Yield the tables of a list, each with its place."""
        listed = self.document.get(key, [])
        if not isinstance(listed, list):
            self.faults.append(f"{key}: [[{key}]] tables are needed, not {show(listed)}")
            return
        for i, table in enumerate(listed):
            place = place_of(key, i, table)
            if isinstance(table, dict):
                yield place, i, table
            else:
                self.faults.append(f"{place}: a [[{key}]] table is needed, not {show(table)}")

    def told(self, place: str, ask: Callable[[], Named]) -> Named | None:
        """Return what is asked for; None where it fails, with every fault noted."""
        try:
            return ask()
        except FileFaultsError as error:
            self.faults += [f"{place}: {error.source}: {fault}" for fault in error.faults]
        except TimingError as error:
            self.faults += [f"{place}.{fault}" for fault in error.faults]
        except EscalationError as error:
            self.faults.append(f"{place}: {error}")
        return None

    def enter(self, place: str, name: object, value: Named, into: dict[str, Named]) -> None:
        """Put what was read under its name, which nothing else may have."""
        if not isinstance(name, str) or not is_line(name, _MOST_LETTERS):
            self.faults.append(f"{place}.name: {_LINE}, not {show(name)}")
        elif name in into:
            self.faults.append(f"{place}: another one is called {show(name)}; give it a name")
        else:
            into[name] = value

    # ------------------------------------------------------------ the ladder and its designs

    def protocol(self, place: str, name: object) -> Protocol | None:
        """Load a shipped protocol, or one from a file beside the study."""
        if not isinstance(name, str) or not name:
            self.faults.append(f"{place}: a protocol's name or file is needed, not {show(name)}")
            return None
        source = name if name in shipped_protocols() else str(self.folder / name)
        return self.told(place, lambda: load_protocol(source))

    def read_ladder(self) -> Protocol | None:
        """Return the ladder of the whole study: a protocol's, a plain one, or the first design's.

        None where it is at fault, which has been noted.
        """
        document = self.document
        if "levels" in document and "protocol" in document:
            self.faults.append("levels: give a protocol or levels, not both")
            return None
        if "levels" in document:
            levels = document["levels"]
            if type(levels) is not int:
                self.faults.append(f"levels: a whole number is needed, not {show(levels)}")
                return None
            return self.told("levels", lambda: Protocol.plain(levels))
        if "protocol" in document:
            return self.protocol("protocol", document["protocol"])
        designs = document.get("designs")
        brought = [
            (i, table["protocol"])
            for i, table in enumerate(designs if isinstance(designs, list) else ())
            if isinstance(table, dict) and isinstance(table.get("protocol"), str)
        ]
        if brought:
            n_faults = len(self.faults)
            found = self.protocol("protocol", brought[0][1])
            del self.faults[n_faults:]  # said of the design, below
            return found
        self.faults.append(
            'protocol: missing; name the ladder, as protocol = "nct07123519" or levels = 5'
        )
        return None

    def read_designs(self, ladder: Protocol | None, target: float | None) -> dict[str, Protocol]:
        found: dict[str, Protocol] = {}
        if not self.document.get("designs"):
            self.faults.append(f"designs: [[designs]] tables are needed, {_EXAMPLE}")
        for place, _, table in self.tables("designs"):
            for suffix, varied in self.vary(place, table):
                made = self.read_design(place, varied, ladder, target)
                if made is not None:
                    name = varied.get("name", varied.get("design", made.name))
                    self.enter(place, f"{name}{suffix}" if is_text(name) else name, made, found)
        return found

    def vary(self, place: str, table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield a table once for every combination of what is varied, with words for it."""
        plain = {key: value for key, value in table.items() if key != "vary"}
        varied = table.get("vary", {})
        if not isinstance(varied, dict) or not all(
            isinstance(values, list) and values for values in varied.values()
        ):
            self.faults.append(
                f"{place}.vary: a list of values by key is needed, as vary = {{ cohort_size = "
                f"[1, 3] }}, not {show(varied)}"
            )
            return
        n_ways = prod(map(len, varied.values()))
        if n_ways > MAX_CELLS:
            self.faults.append(f"{place}.vary: {n_ways:,} ways; {MAX_CELLS:,} cells are possible")
            return
        for values in product(*varied.values()):
            one = deepcopy(plain)
            for path, value in zip(varied, values, strict=True):
                *inner, key = path.split(".")
                here = one
                for part in inner:
                    here = here.setdefault(part, {})
                    if not isinstance(here, dict):
                        self.faults.append(
                            f"{place}.vary: {show(part)} is not a table, but a value"
                        )
                        return
                here[key] = value
            words = "".join(
                f" {path.rpartition('.')[2]}={_word(value)}"
                for path, value in zip(varied, values, strict=True)
            )
            yield words, one

    def read_design(
        self, place: str, table: dict[str, Any], ladder: Protocol | None, target: float | None
    ) -> Protocol | None:
        options = {
            key: value for key, value in table.items() if key not in ("name", "design", "protocol")
        }
        own = None
        if "protocol" in table:
            own = self.protocol(f"{place}.protocol", table["protocol"])
            if own is None:
                return None
        named = table.get("design")
        if named is None and own is None:
            self.faults.append(f"{place}: design or protocol is missing; {_known_designs('')}")
            return None
        if named is not None and (not isinstance(named, str) or named not in (*DESIGNS, *VARIANTS)):
            hint = _known_designs(named if isinstance(named, str) else "")
            self.faults.append(f"{place}.design: {show(named)} is not a design; {hint}")
            return None
        base = own or ladder
        if base is None:
            return None
        if own is not None and ladder is not None and own.labels != ladder.labels:
            ours, theirs = (", ".join(map(str, one.labels)) for one in (ladder, own))
            self.faults.append(
                f"{place}.protocol: its levels are {theirs}, those of the study {ours}; designs of "
                "a study stand on one ladder"
            )
            return None
        return self.told(place, lambda: _design(base, named, options, target))

    def read_p_moderate(
        self, designs: Mapping[str, Protocol], n_levels: int | None
    ) -> tuple[float, ...] | None:
        given = self.document.get("p_moderate")
        if given is None:
            for name, protocol in designs.items():
                if protocol.design.asks_moderate:
                    self.faults.append(
                        f'p_moderate: missing; design "{name}" counts moderate toxicities: give '
                        "P(moderate toxicity) without a DLT by level"
                    )
            return None
        if not is_list(given) or not all(0 <= finite(p) <= 1 for p in given):
            self.faults.append(
                f"p_moderate: probabilities by level are needed, lowest first, not {show(given)}"
            )
            return None
        p_moderate = tuple(float(p) for p in given)
        if designs and n_levels is not None:
            asked = [protocol.design for protocol in designs.values()]
            self.told("p_moderate", lambda: check_p_moderate(p_moderate, asked))
        return p_moderate

    # ------------------------------------------------------------ scenarios and the clock

    def read_scenarios(self, ladder: Protocol | None) -> dict[str, Scenario]:
        n_levels = None if ladder is None else len(ladder.levels)
        listed = [] if ladder is None else [level.dose for level in ladder.levels]
        doses = tuple(dose for dose in listed if dose is not None) or None
        found: dict[str, Scenario] = {}
        for place, i, table in self.tables("scenarios"):
            if "from" in table:
                self.load_scenarios(place, table, n_levels, doses, found)
                continue
            read, faults = read_tables([(i, table)], n_levels=n_levels, doses=doses)
            self.faults += faults
            for fields in read:
                self.enter(place, fields["name"], Scenario(**fields), found)
        if not self.document.get("scenarios") and ladder is not None:
            own = scenarios_of(ladder)
            usual = own or self.told("scenarios", lambda: scenarios_for(len(ladder.levels)))
            found = {one.name: one for one in usual or ()}
        return found

    def load_scenarios(
        self,
        place: str,
        table: Mapping[str, Any],
        n_levels: int | None,
        doses: tuple[float, ...] | None,
        found: dict[str, Scenario],
    ) -> None:
        """Read the scenarios of a shipped set or a file, or those named of them."""
        self.unknown_keys(place, table, ("from", "only"))
        source = table["from"]
        if not isinstance(source, str) or not source:
            self.faults.append(f"{place}.from: a set or a file is needed, not {show(source)}")
            return
        path = source if source in shipped_scenarios() else str(self.folder / source)
        loaded = self.told(place, lambda: load_scenarios(path, n_levels=n_levels, doses=doses))
        if loaded is None:
            return
        by_name = {one.name: one for one in loaded}
        only = table.get("only", list(by_name))
        if not isinstance(only, list) or not all(isinstance(name, str) for name in only):
            self.faults.append(f"{place}.only: names of scenarios are needed, not {show(only)}")
            return
        for name in only:
            if name not in by_name:
                hint = did_you_mean(name, by_name)
                self.faults.append(f"{place}.only: no scenario is called {show(name)}; {hint}")
            else:
                self.enter(place, name, by_name[name], found)

    def check_clock(
        self,
        designs: Mapping[str, Protocol],
        timings: Mapping[str, Timing],
        p_moderate: tuple[float, ...] | None,
        trials: int,
    ) -> None:
        """Note what the clock refuses of a protocol, before anything is calculated: once each."""
        if timings and trials > MOST_TRIALS:
            self.faults.append(f"trials: with a clock at most {MOST_TRIALS:,} are possible")
        told: set[str] = set()
        alike: dict[object, tuple[str, Protocol]] = {}  # to a clock
        for design, protocol in designs.items():
            key = (protocol.dlt, protocol.enrolment, protocol.design.name)
            alike.setdefault(key, (design, protocol))
        for (design, protocol), (name, timing) in product(alike.values(), timings.items()):
            p_dlt = [0.0] * len(protocol.levels)
            asked = p_moderate if protocol.design.asks_moderate else None
            try:
                Setting.of(protocol, p_dlt, timing, asked)
            except EscalationError as error:
                if str(error) not in told:
                    self.faults.append(f'timing "{name}" with design "{design}": {error}')
                told.add(str(error))

    def read_timings(self) -> dict[str, Timing]:
        found: dict[str, Timing] = {}
        for place, i, given in self.tables("timing"):
            table = self.from_file(place, given) if "from" in given else given
            if table is None:
                continue
            name = table.get("name", f"timing {i + 1}")
            for suffix, varied in self.vary(place, table):
                varied.pop("name", None)
                timing, faults = read_timing(varied)
                self.faults += [f"{place}.{fault}" for fault in faults]
                if timing is None:
                    break  # the others have the same faults, or nearly
                self.enter(place, f"{name}{suffix}" if is_text(name) else name, timing, found)
        return found

    def from_file(self, place: str, table: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the table of a timing file, with what the study says in its place."""
        source = table["from"]
        if not is_text(source) or not source:
            self.faults.append(f"{place}.from: a file is needed, not {show(source)}")
            return None
        loaded = self.told(place, lambda: load_timing(self.folder / source))
        if loaded is None:
            return None
        own = {key: value for key, value in table.items() if key != "from"}
        return {"name": Path(source).stem, **timing_document(loaded), **own}


def _design(
    base: Protocol, named: str | None, options: dict[str, Any], target: float | None
) -> Protocol:
    """Return a ladder with the design that a table names, or with its own and other options."""
    if named is None:
        return base.with_design(None, **options) if options else base
    if named in VARIANTS:
        options = {"variant": named} | options
        named = ThreePlusThree.name
    filled = fill_in(base, named, options, measured_by=target)
    return base.with_design(named, **options | {name: value for name, (value, _) in filled.items()})


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is text."""
    return isinstance(value, str)


def _known_designs(word: str) -> str:
    return did_you_mean(word, [*DESIGNS, *VARIANTS])


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else show(value).strip("'")
