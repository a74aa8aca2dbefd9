"""The stable surface of the library: what a later version may not take away without saying so."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import escalation
import simulations

ROOT = Path(__file__).parents[1]

SURFACE = {
    "escalation": (
        "APlusB AcceleratedTitration Boin Crm DESIGNS Decisions DoseDecision EscalationError "
        "G3Plus3 I3Plus3 Keyboard MTpi MTpi2 Picture Plan Protocol RollingSix ThreePlusThree "
        "TiteBoin TiteCrm Tpi Tracker __version__ ask_all binomial_limits clopper_pearson "
        "create_ledger decide decisions describe_design design_options format_outcomes "
        "load_plan load_protocol make_design open_ledger parse_outcomes shipped_plans "
        "shipped_protocols upper_limit wilson"
    ),
    "simulations": (
        "Answer Characteristics Comparison Scenario Timing TrialsInTime averages build_graph "
        "characteristics comparison emax find_differences load_scenarios logistic logistic_normal "
        "mtd_data paoletti paths power pseudo_uniform sensitivity shipped_scenarios simulate "
        "simulate_trials trials_in_time weibull worst_case"
    ),
    "escalation.errors": (
        "ConflictError DesignError EscalationError FileFaultsError InputError IntegrityError "
        "LadderError LedgerError NotationError ProtocolError RefusedError UnknownOutcomeError"
    ),
    "escalation.binomial": "BinomialLimits binomial_limits clopper_pearson upper_limit wilson",
    "escalation.outcomes": "Cohort Outcome Tally format_outcomes parse_outcomes tally_cohorts",
    "escalation.designs": (
        "APlusB AcceleratedTitration Action Boin Clause Crm DESIGNS Decision Design G3Plus3 "
        "I3Plus3 Keyboard LevelStatus MTpi MTpi2 RollingSix ThreePlusThree Tpi VARIANTS "
        "change_design describe_design describe_options design_options design_settings make_design"
    ),
    "escalation.protocol": (
        "Advice DltWindow DoseLevel Enrolment ExpansionMonitoring Protocol ProtocolScenario "
        "Source Trial advise describe_decision format_dose load_protocol shipped_protocols"
    ),
    "escalation.plan": (
        "Biomarker Criterion Disease Kinetics Plan PlanError PlannedTest Response Visit load_plan "
        "shipped_plans"
    ),
    "escalation.plan.eligibility": "Answer Eligibility Item judge",
    "escalation.plan.conversions": "ConversionError convert is_same_unit units_taken",
    "escalation.protocol.consensus": "Consensus Opinion ask_all summarise",
    "escalation.trial": (
        "Events NextPatient Recorded Recorder Remark TrialState amend_protocol close_trial "
        "correct_entry decide delegate_role departures dose_subject enrol_subject evolve "
        "hold_enrolment look_back next_patient open_site record_outcome record_screening_failure "
        "register_trial rename_subject replay_events resume_enrolment revoke_role rule_says sign "
        "transfer_subject warnings"
    ),
    "escalation.ledger": (
        "Anchor Draft Entry Finding GENESIS Ledger Writer check_chain create_ledger format_time "
        "iter_lines open_ledger parse_anchor restore verify write_archive"
    ),
    "escalation.tracker": "Command Tracker read_entry",
    "simulations.graph.build": "INCONCLUSIVE NO_MTD TransitionGraph build_graph",
    "simulations.engines.exact": (
        "BatchCharacteristics check_p_dlt end_probabilities exact_batch exact_characteristics "
        "expected_values log_terms"
    ),
    "simulations.engines.simulated": "CHUNK_SIZE Draws GENERATOR MonteCarlo SimulatedTrials",
    "simulations.engines.montecarlo": "simulate simulate_trials",
    "simulations.engines.on_demand": "graph_on_demand",
    "simulations.compare.run": "CompareMethod compare_designs",
    "simulations.compare.result": (
        "CSV_COLUMNS ComparedDesign Contender Difference ScenarioComparison"
    ),
    "simulations.compare.differences": (
        "DesignDifference Figure Parting ScenarioDifference find_differences"
    ),
    "simulations.compare.metrics": "METRICS metric_values selection_metrics target_interval",
    "simulations.compare.optimal": "Benchmark optimal_benchmark",
    "simulations.engines.characteristics": (
        "Distribution OperatingCharacteristics correct_level correct_levels end_values summarise"
    ),
    "simulations.questions.mtd_data": "MtdData mtd_data",
    "simulations.questions.paths": "Path PathNode iter_paths path_tree",
    "simulations.engines.passes": (
        "data_probabilities expected_from passing_probabilities transition_probabilities"
    ),
    "simulations.questions.sensitivity": ("Sensitivity Tornado sensitivity tornado"),
    "simulations.probabilities": "band_around check_probabilities check_target",
    "simulations.questions.worst_case": ("GridCheck WorstCase WorstPiece worst_overdose worst_pcs"),
    "simulations.scenarios.random": "LOG_DOSE_STEP logistic_normal paoletti pseudo_uniform",
    "simulations.questions.averages": "CurveAverages FigureSummary average_over_curves",
    "simulations.engines.results": "Method ScenarioResult run_scenarios",
    "simulations.scenarios.scenario": (
        "Scenario ScenarioError ScenarioFileError load_scenarios parse_scenarios "
        "scenarios_for scenarios_of shipped_scenarios"
    ),
    "simulations.scenarios.curves": "emax logistic power weibull",
    "simulations.plots": (
        "Provenance SUFFIXES plot_boundaries plot_comparison plot_comparison_pages "
        "plot_convergence "
        "plot_curve_averages plot_decision_pages plot_decision_table plot_distribution plot_page "
        "plot_pages plot_path_pages plot_paths plot_patients "
        "plot_scenarios plot_selection plot_tornado plot_trajectories plot_trajectory "
        "provenance_of provenance_of_comparison save_figure"
    ),
}


@pytest.mark.parametrize("module", SURFACE)
def test_the_stable_surface_is_there(module: str) -> None:
    imported = importlib.import_module(module)
    assert set(SURFACE[module].split()) <= set(imported.__all__)
    assert all(hasattr(imported, name) for name in imported.__all__)


ARGUMENTS = {
    "escalation.decide": "outcomes protocol allow_departures window_days",
    "escalation.decisions": "histories protocol allow_departures",
    "escalation.load_protocol": "name_or_path",
    "escalation.load_plan": "name_or_path",
    "simulations.characteristics": (
        "design scenarios target method trials seed draws outcomes allow_departures p_moderate "
        "executor"
    ),
    "simulations.comparison": (
        "designs scenarios target interval method trials seed benchmark_patients p_moderate"
    ),
    "simulations.sensitivity": (
        "design scenario target of level band outcomes allow_departures p_moderate"
    ),
    "simulations.worst_case": (
        "design above target separation low high outcomes allow_departures p_moderate seed"
    ),
    "simulations.averages": (
        "design target curves prior seed outcomes allow_departures p_moderate"
    ),
    "simulations.mtd_data": "design scenario confidence outcomes allow_departures p_moderate",
    "simulations.paths": "design scenario depth outcomes allow_departures p_moderate",
}


@pytest.mark.parametrize("function", ARGUMENTS)
def test_the_arguments_are_there_in_their_order(function: str) -> None:
    package, name = function.split(".")
    called = getattr(importlib.import_module(package), name)
    assert " ".join(inspect.signature(called).parameters) == ARGUMENTS[function]


@pytest.mark.parametrize("package", ["escalation", "simulations"])
def test_a_door_gives_what_it_names_and_type_checkers_see_the_same(package: str) -> None:
    door = importlib.import_module(package)
    assert set(SURFACE[package].split()) == set(door.__all__)
    assert set(door.__all__) <= set(dir(door))
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    for_types = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module, alias.name)
        for node in for_types.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if node.module != package  # rooms, given as they are
    }
    loaded = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    given = {
        (module, name)
        for module, names in ast.literal_eval(loaded).items()
        for name in names.split()
    }
    assert seen == given
    assert {name for _, name in given} | {"__version__"} >= set(door.__all__)


@pytest.mark.parametrize("package", ["escalation", "simulations"])
def test_no_name_of_a_door_is_that_of_a_room(package: str) -> None:
    """Importing a module sets its name in the package, and would hide a function of that name."""
    rooms = {path.stem for path in (ROOT / package).iterdir()}
    assert set(importlib.import_module(package).__all__) & rooms == set()


def test_modules_are_reached_through_the_door() -> None:
    assert escalation.designs.Boin is escalation.Boin
    assert simulations.plots.plot_selection.__module__ == "simulations.plots.characteristics"


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="has no 'decid'; did you mean decide"):
        escalation.decid  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean characteristics"):
        simulations.charateristics  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(escalation, "__wrapped__")


FUNCTIONS = [
    f"{package}.{name}"
    for package, names in SURFACE.items()
    if package in ("escalation", "simulations")
    for name in names.split()
    if inspect.isfunction(getattr(importlib.import_module(package), name))
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_docstring_says_what_goes_in_and_comes_out_with_an_example(
    function: str,
) -> None:
    package, name = function.split(".")
    called = getattr(importlib.import_module(package), name)
    said = inspect.getdoc(called) or ""
    wanted = ["Returns", "Examples", *["Parameters"] * bool(inspect.signature(called).parameters)]
    assert [one for one in wanted if f"\n{one}\n{'-' * len(one)}\n" not in said] == []
