"""Operating characteristics of one design or several, under each scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from escalation.errors import InputError, did_you_mean
from escalation.labels import schema_of
from escalation.reports.shown import Shown
from escalation.reports.view import GAP, Block, View
from simulations.engines.results import Method, ScenarioResult, run_scenarios
from simulations.engines.simulated import Draws
from simulations.graph.build import TransitionGraph
from simulations.library.given import (
    DesignsLike,
    Outcomes,
    check_one_ladder,
    named,
    question_of,
    several,
    target_of,
)
from simulations.probabilities import check_target
from simulations.questions.engine import choose_engine
from simulations.questions.question import Question
from simulations.reports.results import (
    describe_columns,
    found_beside,
    result_rows,
    summary_table,
    view_results,
)
from simulations.scenarios.given import ScenariosLike

if TYPE_CHECKING:
    from escalation.figures.picture import Picture

__all__ = ["Asked", "Characteristics", "characteristics"]

TRIALS = 100_000
METHODS = ("auto", "exact", "monte-carlo", "both")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Asked:
    """One design asked.

    Attributes
    ----------
    label : str
        The design's name in tables.
    question : Question
    graph : TransitionGraph
    results : tuple of ScenarioResult
        One a scenario.
    """

    label: str
    question: Question
    graph: TransitionGraph
    results: tuple[ScenarioResult, ...]

    def view(self, target: float | None) -> View:
        """Return the view, as of ``escalation simulate``."""
        outcomes = self.question.outcomes_document(self.graph)
        return view_results(self.question, self.results, target, outcomes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Characteristics(Shown):
    """Operating characteristics of one design or several under each scenario.

    Attributes
    ----------
    asked : tuple of Asked
        One a design.
    target : float or None
        Target P(DLT) that correct selection and overdosing are measured by.
    """

    asked: tuple[Asked, ...]
    target: float | None

    def __getitem__(self, name: str | tuple[str, str]) -> ScenarioResult:
        """Return the result under a scenario; of several designs, by (design, scenario)."""
        design, scenario = name if isinstance(name, tuple) else (None, name)
        if design is None and len(self.asked) > 1:
            labels = ", ".join(one.label for one in self.asked)
            raise InputError(f"there are several designs: write [design, scenario]; of {labels}")
        one = self.asked[0] if design is None else named(design, "design", self._by_label())
        by_scenario = {result.scenario.name: result for result in one.results}
        return named(scenario, "scenario", by_scenario)

    def __iter__(self) -> Iterator[ScenarioResult]:
        return (result for one in self.asked for result in one.results)

    def __len__(self) -> int:
        return sum(len(one.results) for one in self.asked)

    def __repr__(self) -> str:
        first = self.asked[0].results
        designs = ", ".join(one.label for one in self.asked)
        scenarios = ", ".join(result.scenario.name for result in first)
        target = "" if self.target is None else f"; target {self.target:g}"
        return f"<Characteristics of {designs} under {scenarios}{target}>"

    def _by_label(self) -> dict[str, Asked]:
        return {one.label: one for one in self.asked}

    def view(self) -> View:
        """Return the view, as of ``escalation simulate``, design by design."""
        views = [one.view(self.target) for one in self.asked]
        if len(views) == 1:
            return View(
                page=views[0].page,
                document=views[0].document,
                rows=self._rows,
                columns=views[0].columns,
            )
        return View(
            page=lambda: (block for view in views for block in (*view.page(), GAP)),
            document=lambda: {
                "schema": schema_of(*(one.question.protocol.labels for one in self.asked)),
                "designs": {
                    one.label: view.document() for one, view in zip(self.asked, views, strict=True)
                },
            },
            rows=self._rows,
            columns=describe_columns(one.question.protocol for one in self.asked),
        )

    def _rows(self) -> Iterator[Sequence[object]]:
        beside = any(found_beside(one.results) for one in self.asked)
        for place, one in enumerate(self.asked):
            label = None if len(self.asked) == 1 else one.label
            rows = result_rows(one.question, one.results, self.target, label=label, beside=beside)
            head = next(rows)
            if place == 0:
                yield head
            yield from rows

    def _in_short(self) -> Iterator[Block]:
        for one in self.asked:
            yield one.question.origin(beside=found_beside(one.results))
        yield from self.asked[0].question.assumptions()
        results = [
            (one.label, result)
            for scenario in zip(*(one.results for one in self.asked), strict=True)
            for one, result in zip(self.asked, scenario, strict=True)
        ]
        labels = [str(label) for label in self.asked[0].question.protocol.labels]
        yield summary_table(results, labels, self.target)

    def plot(self) -> Picture:
        """Draw a page: the scenarios, and under each what one design selects, treats and needs.

        Raises
        ------
        InputError
            For several designs; ``comparison(...).plot()`` draws these.
        """
        if len(self.asked) > 1:
            raise InputError("a page shows one design; comparison(...).plot() draws several")
        from simulations.plots.pictures import picture_characteristics  # noqa: PLC0415  # matplotlib

        (one,) = self.asked
        return picture_characteristics(one.question, one.results, self.target)


def characteristics(
    design: DesignsLike,
    scenarios: ScenariosLike | None = None,
    *,
    target: float | None = None,
    method: Literal["auto"] | Method = "auto",
    trials: int = TRIALS,
    seed: int = 1,
    draws: Draws = "count",
    outcomes: Outcomes = "",
    allow_departures: bool = False,
    p_moderate: Sequence[float] | None = None,
    executor: Executor | None = None,
) -> Characteristics:
    """Say what a design does under assumed toxicity curves.

    Parameters
    ----------
    design : Protocol, Design, str or Path; or mapping of str to these
        A protocol, its name or file; a design; or a design's name where its defaults will do, on
        as many levels as the scenarios have. Several by the names they have in tables.
    scenarios : sequence of float, Scenario, str, Path, mapping, or list of these; optional
        P(DLT) by level, lowest first, each from 0 to 1; a scenario; the name of one that the
        protocol brings, of a shipped set, or a file; ``{name: P(DLT) by level}``; or several in a
        list. By default the protocol's own, else the shipped set for so many levels.
    target : float, optional
        Target P(DLT), between 0 and 1: adds correct selection and overdosing. By default the
        design's own, where it has one.
    method : {"auto", "exact", "monte-carlo", "both"}
        Exact, but simulated where the design can reach too many states; or as said.
    trials, seed : int
        Simulated trials a scenario, and the seed of the random numbers.
    draws : {"count", "trial", "latent"}
        As in ``simulations.engines.montecarlo.simulate``.
    outcomes : str or sequence of Cohort
        Outcomes so far, after which the trial continues; figures are then of what is to come.
    allow_departures : bool
        Continue also a history that the protocol would not have produced.
    p_moderate : sequence of float, shape (L,), optional
        P(moderate toxicity) of a patient without a DLT, for a design that counts them.
    executor : concurrent.futures.Executor, optional
        Where simulations run; the result is the same.

    Returns
    -------
    Characteristics

    Raises
    ------
    InputError
        For an argument that is not what it should be, with what was expected.
    ScenarioError, ProtocolError, DesignError
        For values, a name or a file that make no scenario, protocol or design.
    TooManyStatesError
        With ``method="exact"``, where the design can reach too many states.

    References
    ----------
    Morris TP, White IR, Crowther MJ (2019). Using simulation studies to evaluate statistical
    methods. Stat Med 38(11):2074-2102: the standard errors of simulated figures.

    Examples
    --------
    >>> import simulations
    >>> found = simulations.characteristics("3+3", [0.05, 0.10, 0.20, 0.30, 0.45], target=0.25)
    >>> found
    <Characteristics of 3+3 under 0.05,0.1,0.2,0.3,0.45; target 0.25>
    >>> exact = found["0.05,0.1,0.2,0.3,0.45"].exact
    >>> exact.p_select.round(3).tolist(), round(exact.sample_size.mean, 2)
    ([0.097, 0.277, 0.328, 0.22, 0.051], 17.11)
    """
    if target is not None:
        check_target(target)
    if method not in METHODS:
        raise InputError(f"no method {method!r}; {did_you_mean(str(method), METHODS)}")
    asked = []
    for label, one in several(design).items():
        question = question_of(
            one, scenarios, outcomes, p_moderate, allow=allow_departures, target=target
        )
        chosen = choose_engine(question, method, draws, trials=trials, seed=seed)
        graph = chosen.graph
        results = run_scenarios(
            graph,
            question.scenarios,
            method=chosen.method,
            trials=trials,
            seed=seed,
            draws=chosen.draws,
            executor=executor,
            protocol=question.protocol,
            automaton=chosen.automaton,
            expansion_so_far=question.so_far().expansion,
        )
        name = question.protocol.design.name if label is None else label
        asked.append(Asked(label=name, question=question, graph=graph, results=tuple(results)))
    check_one_ladder([one.question.protocol for one in asked])
    return Characteristics(
        asked=tuple(asked),
        target=target_of([one.question.protocol for one in asked]) if target is None else target,
    )
