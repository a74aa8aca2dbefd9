"""How each characteristic changes with the assumed P(DLT) of each level: exact gradients.

The probability of a trial's end is a polynomial in P(DLT), the same that the exact engine
evaluates, and is differentiated as such: by one pass backward through the matrix product of a
graph, or along the ladder, where levels are followed one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from escalation.errors import InputError, did_you_mean
from escalation.nearness import is_above
from simulations.engines.characteristics import correct_level, figure_rows
from simulations.engines.exact_engine import ExactEngine, as_engine
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import band_around, check_target

__all__ = [
    "Sensitivity",
    "Tornado",
    "sensitivity",
    "tornado",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity:
    """Characteristics under one scenario, and their derivatives by the P(DLT) of each level.

    Attributes
    ----------
    p_dlt : float array, shape (L,)
    target : float or None
    correct : int or None
        The correct level under the scenario, ``NO_MTD`` for none; None without a target.
    values : dict
        By name: a number, or for "p_select", "patients" and "dlts" an array of shape (L,).
    gradients : dict
        By the same names: shape (L,), or (L, L) with the level differentiated by second.
    """

    p_dlt: Floats
    target: float | None
    correct: int | None
    values: Mapping[str, Floats]
    gradients: Mapping[str, Floats]

    def __repr__(self) -> str:
        p_dlt = ", ".join(f"{p:.3g}" for p in self.p_dlt.tolist())
        return f"<Sensitivity at P(DLT) {p_dlt}: {', '.join(self.values)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return values and gradients as lists, ready for JSON."""
        return {
            "values": {name: value.tolist() for name, value in self.values.items()},
            "gradients": {name: slope.tolist() for name, slope in self.gradients.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tornado:
    """What moving the P(DLT) of one level at a time does to one characteristic.

    Attributes
    ----------
    figure : str
        Name of the characteristic.
    level : int or None
        The level it belongs to, of a characteristic by level.
    target : float or None
    value : float
        Under the scenario itself.
    p_dlt, p_low, p_high : float array, shape (L,)
        P(DLT) of each level, and the ends of its band.
    at_low, at_high : float array, shape (L,)
        The characteristic with that level, and no other, at the end of its band.
    """

    figure: str
    level: int | None
    target: float | None
    value: float
    p_dlt: Floats
    p_low: Floats
    p_high: Floats
    at_low: Floats
    at_high: Floats

    def __repr__(self) -> str:
        level = "" if self.level is None else f" of level index {self.level}"
        return f"<Tornado: {self.figure}{level}, {self.value:.4g}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as lists, ready for JSON."""
        arrays = ("p_low", "p_high", "at_low", "at_high")
        return {name: getattr(self, name).tolist() for name in arrays} | {"value": self.value}


def sensitivity(
    engine: TransitionGraph | ExactEngine, p_dlt: Sequence[float], target: float | None = None
) -> Sensitivity:
    """Return every characteristic with its exact gradient with respect to P(DLT).

    The gradients of "pcs" and "p_overdose" are those of selecting the levels that are correct,
    or above the target, under the scenario: which levels these are does not change with an
    infinitely small step.

    Parameters
    ----------
    engine : TransitionGraph or ExactEngine
    p_dlt : sequence of float, length L
        P(DLT) at each level; at exactly 0 and 1 the derivatives are one-sided.
    target : float, optional
        Target P(DLT); adds "pcs" and "p_overdose".

    Raises
    ------
    InputError
        If ``p_dlt`` or ``target`` is not what it should be.

    Examples
    --------
    With one level, a 3+3 selects it with probability q^3 + 3 p q^5, where q = 1 - p:

    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> found = sensitivity(graph, [0.5])
    >>> [round(float(slope), 6) for slope in found.gradients["p_select"].ravel()]
    [-1.125]
    """
    engine = as_engine(engine)
    p = engine.check(p_dlt)
    figures = _with_target(figure_rows(engine.n_levels), p, target)
    sizes = [1 if rows.ndim == 1 else len(rows) for rows in figures.values()]
    asked = engine.expecting(np.vstack(list(figures.values())))
    values, slopes = (found[0] for found in asked.slopes(p[np.newaxis]))
    cuts = np.cumsum(sizes)[:-1]
    by_name = zip(figures, np.split(values, cuts), np.split(slopes, cuts), strict=True)
    found = {
        name: (value, slope) if figures[name].ndim == 2 else (value[0], slope[0])
        for name, value, slope in by_name
    }
    correct = None
    if target is not None:
        level = correct_level(p.tolist(), target)
        correct = NO_MTD if level is None else level
    return Sensitivity(
        p_dlt=p,
        target=target,
        correct=correct,
        values={name: value for name, (value, _) in found.items()},
        gradients={name: slope for name, (_, slope) in found.items()},
    )


def _with_target(rows: dict[str, Floats], p: Floats, target: float | None) -> dict[str, Floats]:
    """Add correct selection and overdosing under the scenario, where there is a target."""
    if target is None:
        return rows
    check_target(target)
    correct = correct_level(p.tolist(), target)
    selected = rows["p_select"]
    return rows | {
        "pcs": rows["p_no_mtd"] if correct is None else selected[correct],
        "p_overdose": selected[is_above(p, target)].sum(axis=0),
    }


def tornado(
    engine: TransitionGraph | ExactEngine,
    p_dlt: Sequence[float],
    figure: str,
    *,
    level: int | None = None,
    band: float = 0.05,
    target: float | None = None,
) -> Tornado:
    """Move the P(DLT) of one level at a time to the ends of a band; return what that does.

    Every level is moved by the same amount, stopped only at 0 and 1: a level may pass its
    neighbour, so that the bars can be compared. The correct level, and which levels are above the
    target, stay those of the scenario itself.

    Parameters
    ----------
    engine : TransitionGraph or ExactEngine
    p_dlt : sequence of float, length L
    figure : str
        Name of a characteristic, as in ``sensitivity``.
    level : int, optional
        0-based level of "p_select", "patients" or "dlts".
    band : float
        How far P(DLT) is moved, down and up.
    target : float, optional
        Target P(DLT), for "pcs" and "p_overdose".

    Raises
    ------
    InputError
        If there is no such characteristic, or an argument is not what it should be.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> from simulations.graph.build import build_graph
    >>> graph = build_graph(ThreePlusThree(n_levels=1, variant="declare"))
    >>> found = tornado(graph, [0.2], "p_no_mtd")
    >>> [round(float(p), 3) for p in (found.at_low[0], found.value, found.at_high[0])]
    [0.186, 0.291, 0.4]
    """
    engine = as_engine(engine)
    p = engine.check(p_dlt)
    low, high = band_around(p, band)
    row = _one_figure(_with_target(figure_rows(engine.n_levels), p, target), figure, level)
    n_levels = len(p)
    curves = np.tile(p, (2 * n_levels + 1, 1))
    moved = np.arange(n_levels)
    curves[moved, moved] = low
    curves[n_levels + moved, moved] = high
    found = engine.expecting(row[np.newaxis]).values(curves)[:, 0]
    return Tornado(
        figure=figure,
        level=level,
        target=target,
        value=float(found[-1]),
        p_dlt=p,
        p_low=low,
        p_high=high,
        at_low=found[:n_levels],
        at_high=found[n_levels:-1],
    )


def _one_figure(figures: Mapping[str, Floats], name: str, level: int | None) -> Floats:
    if name not in figures:
        hint = did_you_mean(name, figures)
        if name in ("pcs", "p_overdose"):
            hint = "it needs a target P(DLT)"
        raise InputError(f"no characteristic {name!r}; {hint}")
    rows = figures[name]
    if rows.ndim == 1:
        if level is not None:
            raise InputError(f"{name} is not counted by level; leave the level out")
        return rows
    if level is None or not 0 <= level < len(rows):
        raise InputError(f"{name} is counted by level; name one of {len(rows)}: {name}:LEVEL")
    return np.asarray(rows[level])
