"""How figures were found, what was checked, and how to make the report again."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import numpy as np

from escalation.designs import describe_design
from escalation.designs.declared import list_references
from escalation.reports.view import Block, Item, Items, Paragraph, Table, Verbatim
from escalation.version import __version__
from simulations.compare.metrics import target_interval
from simulations.compare.optimal import optimal_benchmark
from simulations.engines.characteristics import OperatingCharacteristics
from simulations.engines.montecarlo import simulate
from simulations.engines.self_check import check_agreement, check_expectation, check_sums
from simulations.engines.simulated import CHUNK_SIZE, GENERATOR, MonteCarlo
from simulations.questions.worst_case import worst_pcs
from simulations.reports.design_report.basis import Basis, Compared
from simulations.reports.worst_case import Searched

__all__ = ["method_blocks", "origin_blocks", "self_check_blocks"]

_ROUNDING = 1e-9
_DRAWN = {
    "count": "by counts, how many of the trials in a state go each way",
    "trial": f"trial by trial, with a stream for every {CHUNK_SIZE:,}",
    "latent": "on latent patients, the same for every design that is simulated, with a stream for "
    f"every {CHUNK_SIZE:,} trials",
}


def method_blocks(basis: Basis) -> Iterator[Block]:
    """Yield how figures were found, with references."""
    sources: list[object] = [type(one.design) for one in basis.designs]
    yield Paragraph(
        "One function decides: it takes what was seen at each level and gives what to do next and "
        "the sentence of the protocol that says so. The rule above, the tables and every figure "
        "ask it. A trial has no stochastic part but its patients' outcomes, independent with the "
        "P(DLT) that the scenario gives their level."
    )
    if any(one.exact is not None for one in basis.results) or not basis.results:
        yield Paragraph(
            "Exact figures: every state that a trial can reach is followed, states with the same "
            "patients and DLTs at each level as one, and its probability is a sum of products of "
            "binomial probabilities. Where there are too many states, the levels are followed one "
            "by one, and the same sums are taken. There is no simulation error."
        )
    if drawn := {run.draws for run in _runs(basis)}:
        ways = "; ".join(said for draws, said in _DRAWN.items() if draws in drawn)
        yield Paragraph(
            f"Simulated figures: {basis.trials:,} trials a scenario, seed {basis.seed}, generator "
            f"{GENERATOR.__name__} of numpy; {ways}. Standard errors are Monte Carlo standard "
            "errors."
        )
        sources.append(simulate)
    if isinstance(basis.compared, Compared):
        sources += [type(one.design) for one in basis.compared.contenders]
        yield Paragraph(
            "The optimal benchmark is what complete information on as many patients would select: "
            "no design that learns from patients treated can be expected to do better on average."
        )
        sources += [optimal_benchmark, target_interval]
    if any(isinstance(one, Searched) for one in basis.searched.values()):
        yield Paragraph(
            "The worst case is searched with exact gradients among all curves on which P(DLT) "
            "never falls from one level to the next, from several starts in each piece of them, "
            "and on a short ladder compared with a grid of curves."
        )
        sources.append(worst_pcs)
    yield Items([Item(said) for said in _references(sources)], numbered=True)


def _references(sources: list[object]) -> list[str]:
    return list(dict.fromkeys(said for one in sources for said in list_references(one)))


def _runs(basis: Basis) -> Iterator[MonteCarlo]:
    """Yield each simulation that figures come from."""
    yield from (one.monte_carlo for one in basis.results if one.monte_carlo is not None)
    compared = basis.compared.results if isinstance(basis.compared, Compared) else ()
    for result in compared:
        yield from (design.run for design in result.designs if design.run is not None)


def self_check_blocks(basis: Basis) -> Iterator[Block]:
    """Yield what was checked while the report was made, each with what was found."""
    rows = [["check", "found", "verdict"]]
    agreement = check_agreement(basis.checked)
    if agreement is None:
        rows.append(["Exact and simulated figures agree", "none was found in both ways", "-"])
    else:
        most = max(one.monte_carlo.trials for one in basis.checked if one.monte_carlo)
        rows.append([
            f"Exact and simulated figures agree, {most:,} trials a scenario: largest |z| of "
            f"{agreement.n_figures}",
            f"{agreement.largest:.2f}; by chance above {agreement.bound:.2f} in at most 1 report "
            "of 100",
            "holds" if agreement.holds else "MORE THAN CHANCE: try another seed, and more trials",
        ])  # fmt: skip
    found = list(_characteristics(basis))
    sums = max(check_sums(one) for one, _, _ in found)
    rows.append([
        "What can happen sums to 1, and levels to the trial's total",
        _say_difference(sums),
        _verdict(sums),
    ])  # fmt: skip
    exact = [(one, p_dlt) for one, p_dlt, is_exact in found if is_exact]
    if exact:
        wald = max(check_expectation(one, p_dlt) for one, p_dlt in exact)
        rows.append([
            "Expected DLTs at a level are P(DLT) times expected patients",
            _say_difference(wald),
            _verdict(wald),
        ])  # fmt: skip
    yield Table(rows, left=(0, 1, 2))


def _characteristics(
    basis: Basis,
) -> Iterator[tuple[OperatingCharacteristics, tuple[float, ...], bool]]:
    """Yield all that was found, under which P(DLT), and whether it is exact."""
    for result in basis.results:
        if result.exact is not None:
            yield result.exact, result.scenario.p_dlt, True
        if result.monte_carlo is not None:
            yield result.monte_carlo.characteristics, result.scenario.p_dlt, False
    if isinstance(basis.compared, Compared):
        for compared in basis.compared.results:
            for one in compared.designs:
                yield one.characteristics, compared.scenario.p_dlt, one.run is None


def _say_difference(difference: float) -> str:
    return "differences below 1E-9" if difference < _ROUNDING else f"a difference of {difference:g}"


def _verdict(difference: float) -> str:
    return "holds" if difference < _ROUNDING else "DOES NOT HOLD"


def origin_blocks(basis: Basis) -> Iterator[Block]:
    """Yield versions, digests and seeds, and the command line that makes the report again."""
    protocol = basis.protocol
    rows = [["what", "which"]]
    rows.append(["protocol", protocol.name])
    rows.append(["its digest, SHA-256", protocol.digest])
    if len(basis.designs) == 1:
        rows.append(["design", describe_design(protocol.design)])
    rows += [
        ["seed", str(basis.seed)],
        ["escalation", __version__],
        ["Python", platform.python_version()],
        ["numpy", np.__version__],
    ]
    yield Table(rows, left=(0, 1))
    yield Paragraph(
        "With these versions and the same protocol, this line makes the same report, and the same "
        "file byte for byte:"
    )
    yield Verbatim(basis.command)
