"""Dose-escalation designs, each one pure function, found by the name a protocol gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from escalation.designs.a_plus_b.three_plus_three import VARIANTS, ThreePlusThree
from escalation.designs.base import Action, Clause, Decision, Design, LevelStatus
from escalation.designs.catalogue import Catalogue
from escalation.errors import DesignError, did_you_mean
from escalation.lazy import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from escalation.designs.a_plus_b.accelerated import AcceleratedTitration
    from escalation.designs.a_plus_b.base import APlusB
    from escalation.designs.a_plus_b.rolling_six import RollingSix
    from escalation.designs.crm.design import Crm
    from escalation.designs.crm.tite import TiteCrm
    from escalation.designs.interval.boin import Boin
    from escalation.designs.interval.g3_plus_3 import G3Plus3
    from escalation.designs.interval.i3_plus_3 import I3Plus3
    from escalation.designs.interval.keyboard import Keyboard, MTpi2
    from escalation.designs.interval.mtpi import MTpi
    from escalation.designs.interval.tite_boin import TiteBoin
    from escalation.designs.interval.tpi import Tpi

__all__ = [
    "DESIGNS",
    "VARIANTS",
    "APlusB",
    "AcceleratedTitration",
    "Action",
    "Boin",
    "Clause",
    "Crm",
    "Decision",
    "Design",
    "G3Plus3",
    "I3Plus3",
    "Keyboard",
    "LevelStatus",
    "MTpi",
    "MTpi2",
    "RollingSix",
    "ThreePlusThree",
    "TiteBoin",
    "TiteCrm",
    "Tpi",
    "change_design",
    "describe_design",
    "describe_options",
    "design_options",
    "design_settings",
    "find_design",
    "make_design",
    "required_options",
]

LONG = 12  # letters of a number

_PLACES = {
    "3+3": "a_plus_b.three_plus_three:ThreePlusThree",
    "rolling-six": "a_plus_b.rolling_six:RollingSix",
    "a+b": "a_plus_b.base:APlusB",
    "accelerated": "a_plus_b.accelerated:AcceleratedTitration",
    "boin": "interval.boin:Boin",
    "keyboard": "interval.keyboard:Keyboard",
    "mtpi-2": "interval.keyboard:MTpi2",
    "mtpi": "interval.mtpi:MTpi",
    "tpi": "interval.tpi:Tpi",
    "i3+3": "interval.i3_plus_3:I3Plus3",
    "g3+3": "interval.g3_plus_3:G3Plus3",
    "crm": "crm.design:Crm",
    "tite-boin": "interval.tite_boin:TiteBoin",
    "tite-crm": "crm.tite:TiteCrm",
}
DESIGNS = Catalogue({name: f"{__name__}.{place}" for name, place in _PLACES.items()})

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        f"{__name__}.a_plus_b.accelerated": "AcceleratedTitration",
        f"{__name__}.a_plus_b.base": "APlusB",
        f"{__name__}.a_plus_b.rolling_six": "RollingSix",
        f"{__name__}.crm.design": "Crm",
        f"{__name__}.crm.tite": "TiteCrm",
        f"{__name__}.interval.boin": "Boin",
        f"{__name__}.interval.g3_plus_3": "G3Plus3",
        f"{__name__}.interval.i3_plus_3": "I3Plus3",
        f"{__name__}.interval.keyboard": "Keyboard MTpi2",
        f"{__name__}.interval.mtpi": "MTpi",
        f"{__name__}.interval.tite_boin": "TiteBoin",
        f"{__name__}.interval.tpi": "Tpi",
    },
)


def design_options(design: Design | type[Design]) -> tuple[str, ...]:
    """Return the names of a design's options, its own before those it inherits.

    They are the keys of a protocol file's ``[design]`` table.

    Parameters
    ----------
    design : Design or type of Design

    Returns
    -------
    tuple of str

    Raises
    ------
    DesignError
        If it is not a design.

    Examples
    --------
    >>> from escalation.designs import G3Plus3
    >>> design_options(G3Plus3)
    ('cohort_size', 'max_patients', 'n_earlystop', 'titration')
    """
    if not is_dataclass(design):
        raise DesignError(f'a design is needed, such as DESIGNS["3+3"], not {design!r}')
    names = [
        field.name
        for field in fields(design)
        if field.init and field.name not in ("n_levels", "start")
    ]
    own = (design if isinstance(design, type) else type(design)).__annotations__
    order = list(own)
    return tuple(sorted(names, key=lambda name: order.index(name) if name in own else len(order)))


def required_options(design: type[Design]) -> tuple[str, ...]:
    """Return the options of a design that have no default."""
    return tuple(
        field.name
        for field in fields(design)  # type: ignore[arg-type]  # every design is a dataclass
        if field.init and field.default is MISSING and field.name != "n_levels"
    )


def design_settings(design: Design) -> dict[str, Any]:
    """Return a design's name and its options with their values, as in a protocol file.

    Every option, except for those in ``options_left_out`` that have their default.
    """
    left_out = options_left_out(type(design))
    values = {option: getattr(design, option) for option in design_options(design)}
    said = {
        option: value
        for option, value in values.items()
        if option not in left_out or value != left_out[option]
    }
    return {"name": design.name, **said}


def options_left_out(design: type[Design]) -> dict[str, Any]:
    """Return the options that settings leave out at their default, with that default.

    They came after protocols had been written without them, whose digests must not change.
    """
    return {
        field.name: field.default
        for field in fields(design)  # type: ignore[arg-type]  # every design is a dataclass
        if field.init and field.metadata.get("added_later")
    }


def change_design(design: Design, **options: Any) -> Design:
    """Return a design with some options changed and the others as they are.

    Raises
    ------
    DesignError
        For what ``make_design`` refuses.
    """
    own = design_settings(design)
    kept = {key: own[key] for key in own if key not in design.superseded_by(options)}
    return make_design(n_levels=design.n_levels, start=design.start, **kept | options)


def describe_design(design: Design) -> str:
    """Say a design and its options in one line, as printed with every result.

    Parameters
    ----------
    design : Design

    Returns
    -------
    str

    Examples
    --------
    >>> from escalation.designs import G3Plus3
    >>> describe_design(G3Plus3(n_levels=4, max_patients=24))
    'g3+3: cohort_size 3, max_patients 24, titration false'
    """
    name, *options = {**design_settings(design), **design.spelled_out()}.items()
    said = (f"{option} {option_words(value)}" for option, value in options if value is not None)
    return f"{name[1]}: {', '.join(said)}"


def describe_options(design: Design) -> tuple[str, ...]:
    """Say each option in a sentence of its own; first those without one, by name and value."""
    said, named = [], []
    metadata = {field.name: field.metadata for field in fields(design)}  # type: ignore[arg-type]  # as above
    for option in design_options(design):
        value, write = getattr(design, option), metadata[option].get("sentence")
        if write is not None:
            said.append(write(design, value))
        elif value is not None:
            named.append(f"{option} = {option_words(value)}")
    return (*(["; ".join(named) + "."] if named else []), *filter(None, said))


def option_words(value: object) -> str:
    """Write the value of an option as a protocol file and ``--set`` do: true, 3, 0.1,0.2.

    A number with more digits than a person writes is rounded to six.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(option_words, value))
    return f"{value:.6g}" if isinstance(value, float) and len(repr(value)) > LONG else str(value)


def find_design(name: str) -> type[Design]:
    """Return the design called ``name``.

    Raises
    ------
    DesignError
        Where none is, with the nearest name that is known.
    """
    if name not in DESIGNS:
        raise DesignError(f"no design is called {name!r}; {did_you_mean(name, DESIGNS)}")
    return DESIGNS[name]


def make_design(name: str, *, n_levels: int, start: int = 0, **options: Any) -> Design:
    """Make the design called ``name`` for a ladder.

    Parameters
    ----------
    name : str
        One of ``DESIGNS``.
    n_levels : int
    start : int
        0-based level at which the trial starts.
    **options
        The design's own, named as in a protocol file's ``[design]`` table.

    Returns
    -------
    Design

    Raises
    ------
    DesignError
        For an unknown name (with the nearest known one), an option the design does not have, a
        missing one, or a value it does not take.

    Examples
    --------
    >>> make_design("3+3", n_levels=4, variant="declare").decide
    <bound method ...>
    """
    design = find_design(name)
    known = design_options(design)
    for option in options:
        if option not in known:
            raise DesignError(f"{name} has no option {option!r}; {did_you_mean(option, known)}")
    missing = [option for option in required_options(design) if option not in options]
    if missing:
        raise DesignError(f"{name} needs the option{'s' * (len(missing) > 1)} {', '.join(missing)}")
    made: Callable[..., Design] = design
    return made(n_levels=n_levels, start=start, **options)
