"""How each characteristic changes with the assumed P(DLT) of each level: exact gradients.

The probability of a trial's end is a polynomial in P(DLT), the same that the exact engine
evaluates, and is differentiated as such. One pass backward through its matrix product gives the
derivatives of every characteristic with respect to every level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.errors import InputError, did_you_mean
from escalation.nearness import is_above
from simulations.engines.characteristics import correct_level, end_values
from simulations.engines.exact import check_p_dlt, end_probabilities, expected_values
from simulations.graph.build import NO_MTD, TransitionGraph
from simulations.probabilities import band_around, check_target

__all__ = [
    "Sensitivity",
    "Tornado",
    "end_figures",
    "expected_gradient",
    "sensitivity",
    "tornado",
]

Floats = NDArray[np.float64]

# p and 1 - p are divided by; a derivative at 0 or 1 is that so close by, the same to 15 digits
_EDGE = 1e-15


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
    graph: TransitionGraph, p_dlt: Sequence[float], target: float | None = None
) -> Sensitivity:
    """Return every characteristic with its exact gradient with respect to P(DLT).

    The gradients of "pcs" and "p_overdose" are those of selecting the levels that are correct,
    or above the target, under the scenario: which levels these are does not change with an
    infinitely small step.

    Parameters
    ----------
    graph : TransitionGraph
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
    p = check_p_dlt(p_dlt, graph)
    figures = end_figures(graph, p, target)
    probabilities = end_probabilities(graph, p[np.newaxis])[0]
    correct = None
    if target is not None:
        level = correct_level(p.tolist(), target)
        correct = NO_MTD if level is None else level
    return Sensitivity(
        p_dlt=p,
        target=target,
        correct=correct,
        values={name: probabilities @ values for name, values in figures.items()},
        gradients={name: expected_gradient(graph, p, values) for name, values in figures.items()},
    )


def end_figures(
    graph: TransitionGraph, p_dlt: Sequence[float] | Floats, target: float | None = None
) -> dict[str, Floats]:
    """Return what each end counts towards each characteristic of ``sensitivity``.

    Returns
    -------
    dict
        Shape (E, L) for "p_select", "patients" and "dlts", (E,) for the others.
    """
    figures = end_values(graph)
    for name in ("p_no_mtd", "p_inconclusive"):
        figures[name] = figures[name][:, 0]
    figures["sample_size"] = figures["patients"].sum(axis=1)
    figures["total_dlts"] = figures["dlts"].sum(axis=1)
    if target is not None:
        check_target(target)
        p = check_p_dlt(p_dlt, graph)
        correct = correct_level(p.tolist(), target)
        selected = figures["p_select"]
        figures["pcs"] = figures["p_no_mtd"] if correct is None else selected[:, correct]
        figures["p_overdose"] = selected[:, is_above(p, target)].sum(axis=1)
    return figures


def expected_gradient(
    graph: TransitionGraph, p_dlt: Sequence[float] | Floats, values: ArrayLike
) -> Floats:
    """Return the gradient of the expectation of figures of the trial's end.

    An end with d DLTs in n patients at a level has a probability proportional to
    p^d (1-p)^(n-d) there; its derivative is that probability times d/p - (n-d)/(1-p). Patients
    pending at the start are among the n.

    Parameters
    ----------
    graph : TransitionGraph
    p_dlt : sequence of float, length L
    values : array_like, shape (E,) or (E, F)
        The figures at each of ``graph.ends``; they must not depend on P(DLT).

    Returns
    -------
    float array, shape (L,) or (F, L)
    """
    at_ends = np.asarray(values, dtype=np.float64)
    p = np.clip(check_p_dlt(p_dlt, graph), _EDGE, 1 - _EDGE)
    weighted = (end_probabilities(graph, p[np.newaxis])[0] * at_ends.T).T
    dlts, others = np.split(graph.exponents @ weighted, 2)
    return np.asarray(dlts.T / p - others.T / (1 - p))


def tornado(
    graph: TransitionGraph,
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
    graph : TransitionGraph
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
    p = check_p_dlt(p_dlt, graph)
    low, high = band_around(p, band)
    values = _one_figure(end_figures(graph, p, target), figure, level)
    n_levels = len(p)
    curves = np.tile(p, (2 * n_levels + 1, 1))
    moved = np.arange(n_levels)
    curves[moved, moved] = low
    curves[n_levels + moved, moved] = high
    found = expected_values(graph, curves, values[:, np.newaxis])[:, 0]
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
    values = figures[name]
    if values.ndim == 1:
        if level is not None:
            raise InputError(f"{name} is not counted by level; leave the level out")
        return values
    if level is None or not 0 <= level < values.shape[1]:
        raise InputError(f"{name} is counted by level; name one of {values.shape[1]}: {name}:LEVEL")
    return values[:, level]
