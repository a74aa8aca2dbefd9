"""Further questions about one design: each a function, and an answer that shows itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from escalation.binomial import LEVEL
from escalation.designs import describe_design
from escalation.errors import InputError, did_you_mean
from escalation.labels import Label
from escalation.library import ProtocolLike
from escalation.reports.shown import Shown
from escalation.reports.view import View
from simulations.library.given import Outcomes, one_scenario, question_of, target_of
from simulations.probabilities import check_target
from simulations.questions import mtd_data as at_mtd
from simulations.questions.averages import CurveAverages, average_over_curves
from simulations.questions.engine import exact_engine
from simulations.questions.mtd_data import MtdData
from simulations.questions.paths import PathNode, iter_paths, path_tree
from simulations.questions.question import Question
from simulations.questions.sensitivity import Sensitivity, tornado
from simulations.questions.sensitivity import sensitivity as gradients
from simulations.questions.worst_case import MOST_STATES, WorstCase, worst_overdose, worst_pcs
from simulations.reports.averages import Drawn, view_averages
from simulations.reports.mtd_data import view_mtd_data
from simulations.reports.paths import view_list, view_tree
from simulations.reports.sensitivity import Moved, view_sensitivity
from simulations.reports.worst_case import Searched, view_worst_case
from simulations.scenarios.given import ScenariosLike
from simulations.scenarios.random import (
    draw_in_blocks,
    logistic_normal,
    paoletti,
    pseudo_uniform,
)

if TYPE_CHECKING:
    from escalation.figures.picture import Picture

__all__ = ["Answer", "averages", "mtd_data", "paths", "sensitivity", "worst_case"]

Prior = Literal["pseudo-uniform", "paoletti", "logistic-normal"]

_PRIORS: Mapping[str, Callable[..., NDArray[np.float64]]] = {
    "pseudo-uniform": pseudo_uniform,
    "paoletti": paoletti,
    "logistic-normal": logistic_normal,
}

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Answer(Shown, Generic[Found]):
    """What was found about one design, and how it is shown.

    Attributes
    ----------
    question : Question
        The design, the outcomes so far and the assumptions.
    found : object
        The figures: see the function that returned this.
    title : str
    shown : View
    picture : callable or None
        Draws it.
    """

    question: Question
    found: Found
    title: str
    shown: View
    picture: Callable[[], Picture] | None = None

    def view(self) -> View:
        """Return the view."""
        return self.shown

    def plot(self) -> Picture:
        """Draw what was found.

        Raises
        ------
        InputError
            Where there is no picture of it.
        """
        if self.picture is None:
            raise InputError(f"there is no picture of {self.title}")
        return self.picture()

    def __repr__(self) -> str:
        return f"<{self.title} of {describe_design(self.question.protocol.design)}>"


def sensitivity(
    design: ProtocolLike,
    scenario: ScenariosLike | None = None,
    *,
    target: float | None = None,
    of: str | None = None,
    level: Label | None = None,
    band: float = 0.05,
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
) -> Answer[Sensitivity]:
    """Say how each characteristic changes with the assumed P(DLT) of each level, exactly.

    Parameters
    ----------
    design, outcomes, allow_departures, p_moderate
        As for ``characteristics``.
    scenario
        One, as for ``characteristics``.
    target : float, optional
        Target P(DLT); adds "pcs" and "p_overdose". By default the design's own, if it has one.
    of : str, optional
        The characteristic that ``plot`` draws: "pcs" by default, "sample_size" without a target.
    level : int or str, optional
        The label of its level, of "p_select", "patients" or "dlts".
    band : float
        How far ``plot`` moves P(DLT) of one level at a time, down and up.

    Returns
    -------
    Answer
        ``found`` is a ``Sensitivity``, with ``values`` and ``gradients`` by name: a gradient has
        shape (L,), or (L, L) with the level differentiated by second, in the characteristic's
        unit for 1 of P(DLT).

    Raises
    ------
    InputError
        For an argument that is not what it should be.

    Examples
    --------
    >>> import escalation, simulations
    >>> one_level = escalation.ThreePlusThree(n_levels=1, variant="declare")
    >>> found = simulations.sensitivity(one_level, [0.5])
    >>> found.found.gradients["p_select"].round(6).tolist()
    [[-1.125]]
    """
    question = question_of(
        design, scenario, outcomes, p_moderate, allow=allow_departures, target=target
    )
    protocol, engine = question.protocol, exact_engine(question)
    curve = one_scenario(question)
    sought = target_of([protocol]) if target is None else target
    found = gradients(engine, curve.p_dlt, sought)
    figure = of or ("sample_size" if sought is None else "pcs")
    place = None if level is None else protocol.place_of(level)
    moved = Moved(
        scenario=curve,
        found=found,
        tornado=tornado(engine, curve.p_dlt, figure, level=place, band=band, target=sought),
    )

    def draw() -> Picture:
        from simulations.plots.pictures import picture_tornado  # noqa: PLC0415  # matplotlib

        return picture_tornado(question, curve.name, moved.tornado, band)

    return Answer(
        question=question,
        found=found,
        title=f"sensitivity under {curve.name}",
        shown=view_sensitivity(question, [moved], band, question.outcomes_document(engine)),
        picture=draw,
    )


def worst_case(
    design: ProtocolLike,
    *,
    above: float | None = None,
    target: float | None = None,
    separation: float | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
    seed: int = 1,
) -> Answer[WorstCase]:
    """Find the worst over all non-decreasing curves: of overdosing, or of correct selection.

    Parameters
    ----------
    design, outcomes, allow_departures, p_moderate
        As for ``characteristics``.
    above : float, optional
        A limit of P(DLT): the largest probability of selecting a level above it is sought.
    target : float, optional
        Target P(DLT): the smallest probability of correct selection is sought. One of both.
    separation : float, optional
        With ``target``: least distance of the other levels' P(DLT) from it.
    low, high : array_like, shape (L,), optional
        Only curves between these; all from 0 to 1 by default.
    seed : int
        Of the random starts of the search.

    Returns
    -------
    Answer
        ``found`` is a ``WorstCase``: ``worst.value``, a probability from 0 to 1, and
        ``worst.p_dlt``, shape (L,).

    Raises
    ------
    InputError
        For an argument that is not what it should be, or where no such curve is allowed.

    References
    ----------
    Cheung YK (2011). Dose Finding by the Continual Reassessment Method. Chapman & Hall/CRC: the
    indifference interval.

    Examples
    --------
    >>> import escalation, simulations
    >>> one_level = escalation.ThreePlusThree(n_levels=1, variant="declare")
    >>> worst = simulations.worst_case(one_level, above=0.4).found.worst
    >>> round(worst.value, 6), worst.p_dlt.tolist()
    (0.309312, [0.4])
    """
    if (above is None) == (target is None):
        raise InputError(
            "give above=, a limit of P(DLT), for the largest overdosing, or target= for the "
            "smallest probability of correct selection; one of both"
        )
    if target is None and separation is not None:
        raise InputError("separation= belongs to target=")
    question = question_of(
        design, None, outcomes, p_moderate, allow=allow_departures, target=target
    )
    engine = exact_engine(question, most=MOST_STATES)
    if above is not None:
        found = worst_overdose(engine, above, low=low, high=high, seed=seed)
        title = f"largest P(selecting a level above {above:g})"
    else:
        assert target is not None  # noqa: S101  # for the type checker; one of both is given
        found = worst_pcs(engine, target, separation=separation, low=low, high=high, seed=seed)
        title = f"smallest P(correct selection) at target {target:g}"

    searched = Searched(
        seed=seed,
        around=None,
        band=None,
        above=above,
        overdose=None if above is None else found,
        target=target,
        separation=separation,
        pcs=None if target is None else found,
    )
    return Answer(
        question=question,
        found=found,
        title=title,
        shown=view_worst_case(question, searched, question.outcomes_document(engine)),
    )


def averages(
    design: ProtocolLike,
    *,
    target: float | None = None,
    curves: int | ArrayLike = 10_000,
    prior: Prior = "pseudo-uniform",
    seed: int = 1,
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
) -> Answer[CurveAverages]:
    """Average exact characteristics over many toxicity curves.

    Parameters
    ----------
    design, outcomes, allow_departures, p_moderate
        As for ``characteristics``.
    target : float, optional
        Target P(DLT), between 0 and 1; by default the design's own.
    curves : int or array_like, shape (N, L)
        How many to draw, or P(DLT) of each level on each curve.
    prior : {"pseudo-uniform", "paoletti", "logistic-normal"}
        Where they are drawn from.
    seed : int
        Of the draws.

    Returns
    -------
    Answer
        ``found`` is a ``CurveAverages``.

    Raises
    ------
    InputError
        For an argument that is not what it should be; without a target.

    References
    ----------
    Clertant M, O'Quigley J (2017). Semiparametric dose finding methods. J R Stat Soc B
    79(5):1487-1508.
    Paoletti X, O'Quigley J, Maccario J (2004). Design efficiency in dose finding studies. Comput
    Stat Data Anal 45(2):197-214.

    Examples
    --------
    >>> import escalation, simulations
    >>> found = simulations.averages(
    ...     escalation.ThreePlusThree(n_levels=3), target=0.25, curves=1000
    ... )
    >>> 0.4 < found.found.summary()["pcs"].mean < 0.6
    True
    """
    question = question_of(
        design, None, outcomes, p_moderate, allow=allow_departures, target=target
    )
    protocol = question.protocol
    sought = target_of([protocol]) if target is None else target
    if sought is None:
        raise InputError("averages need a target P(DLT): give target=0.25, say")
    check_target(sought)
    if isinstance(curves, int):
        if prior not in _PRIORS:
            raise InputError(f"no prior {prior!r}; {did_you_mean(str(prior), _PRIORS)}")
        draw_curves = _PRIORS[prior]
        rng = np.random.default_rng(seed)
        draw_some = partial(draw_curves, rng=rng, target=sought, n_levels=len(protocol.levels))
        p_dlt = np.vstack(list(draw_in_blocks(draw_some, curves)))
        drawn = Drawn(prior=prior, given=(), settings={}, n_curves=curves, seed=seed)
    else:
        p_dlt = np.asarray(curves)
        drawn = Drawn(prior="given", given=(), settings={}, n_curves=len(p_dlt), seed=seed)
    engine, said = exact_engine(question), drawn.describe()
    found = average_over_curves(engine, p_dlt, sought)

    def draw() -> Picture:
        from simulations.plots.pictures import picture_averages  # noqa: PLC0415  # matplotlib

        return picture_averages(question, found, said)

    return Answer(
        question=question,
        found=found,
        title=f"averages over {said}",
        shown=view_averages(question, found, drawn, question.outcomes_document(engine)),
        picture=draw,
    )


def mtd_data(
    design: ProtocolLike,
    scenario: ScenariosLike | None = None,
    *,
    confidence: float = LEVEL,
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
) -> Answer[tuple[MtdData, ...]]:
    """List every data set at the MTD with which a trial can end, with limits for P(DLT).

    Parameters
    ----------
    design, outcomes, allow_departures, p_moderate
        As for ``characteristics``.
    scenario : optional
        One, as for ``characteristics``, to give each data set its exact probability.
    confidence : float
        Of the limits, between 0 and 1.

    Returns
    -------
    Answer
        ``found`` is a tuple of ``MtdData``, fewest patients first.

    Raises
    ------
    InputError
        For an argument that is not what it should be.

    Examples
    --------
    >>> import escalation, simulations
    >>> found = simulations.mtd_data(escalation.ThreePlusThree(n_levels=3, variant="confirm"))
    >>> [(data.n_dlts, data.n_evaluable) for data in found.found]
    [(0, 6), (1, 6)]
    """
    question = question_of(design, scenario, outcomes, p_moderate, allow=allow_departures)
    curve = question.scenario
    graph = question.graph()
    found = at_mtd.mtd_data(graph, None if curve is None else curve.p_dlt, level=confidence)
    return Answer(
        question=question,
        found=found,
        title="data sets at the MTD",
        shown=view_mtd_data(question, found, question.outcomes_document(graph), confidence),
    )


def paths(
    design: ProtocolLike,
    scenario: ScenariosLike | None = None,
    *,
    depth: int | None = None,
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
) -> Answer[tuple[PathNode, ...]]:
    """Say what can happen next: the tree of cohorts, and every course of the trial.

    Parameters
    ----------
    design, outcomes, allow_departures, p_moderate
        As for ``characteristics``.
    scenario : optional
        One, as for ``characteristics``, to give each course its probability.
    depth : int, optional
        Cohorts that the tree, and its picture, look ahead; to the end by default.

    Returns
    -------
    Answer
        ``found`` is the tree: a tuple of ``PathNode``, one root or, with pending patients, one
        for each way they can turn out. ``to_frame`` has a row for every complete course.

    Raises
    ------
    InputError
        For an argument that is not what it should be.

    Examples
    --------
    >>> import escalation, simulations
    >>> one_level = escalation.ThreePlusThree(n_levels=1, variant="declare")
    >>> found = simulations.paths(one_level, [0.2])
    >>> len(list(found.view().rows())) - 1
    7
    """
    question = question_of(design, scenario, outcomes, p_moderate, allow=allow_departures)
    graph, curve = question.graph(), question.scenario
    p_dlt = None if curve is None else curve.p_dlt
    tree = path_tree(graph, p_dlt, depth=depth)
    ahead = view_tree(question, tree, graph.count_paths())
    in_full = view_list(question, partial(iter_paths, graph, p_dlt))

    def draw() -> Picture:
        from simulations.plots.pictures import picture_paths  # noqa: PLC0415  # matplotlib

        return picture_paths(question, tree, "" if curve is None else curve.name)

    return Answer(
        question=question,
        found=tree,
        title="paths" if curve is None else f"paths under {curve.name}",
        shown=replace(in_full, page=ahead.page),
        picture=draw,
    )
