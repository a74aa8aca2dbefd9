"""The stable surface of the library: what a later version may not take away without saying so."""

import importlib

import pytest

SURFACE = {
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
    "escalation.protocol.consensus": "Consensus Opinion ask_all summarise",
    "escalation.trial": (
        "Events NextPatient Recorded Recorder Remark TrialState amend_protocol close_trial "
        "correct_entry decide delegate_role departures dose_subject enrol_subject evolve "
        "hold_enrolment look_back next_patient record_outcome register_trial replay_events "
        "resume_enrolment revoke_role rule_says sign warnings"
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
        "CSV_COLUMNS ComparedDesign Contender Difference ScenarioComparison comparison_rows"
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
    "simulations.questions.sensitivity": (
        "Sensitivity Tornado end_figures expected_gradient sensitivity tornado"
    ),
    "simulations.probabilities": "band_around check_probabilities check_target",
    "simulations.questions.worst_case": ("GridCheck WorstCase WorstPiece worst_overdose worst_pcs"),
    "simulations.scenarios.random": "LOG_DOSE_STEP logistic_normal paoletti pseudo_uniform",
    "simulations.questions.averages": "CurveAverages FigureSummary QUANTILES average_over_curves",
    "simulations.engines.results": "Method ScenarioResult run_scenarios",
    "simulations.scenarios.scenario": (
        "Scenario ScenarioError ScenarioFileError load_scenarios parse_scenarios "
        "scenarios_for scenarios_of shipped_scenarios"
    ),
    "simulations.scenarios.curves": "emax logistic power weibull",
    "simulations.plots": (
        "Provenance SUFFIXES plot_boundaries plot_comparison plot_convergence plot_curve_averages "
        "plot_decision_table plot_distribution plot_page plot_paths plot_patients "
        "plot_scenarios plot_selection plot_tornado plot_trajectories plot_trajectory "
        "provenance_of provenance_of_comparison save_figure"
    ),
}


@pytest.mark.parametrize("module", SURFACE)
def test_the_stable_surface_is_there(module: str) -> None:
    imported = importlib.import_module(module)
    assert set(SURFACE[module].split()) <= set(imported.__all__)
    assert all(hasattr(imported, name) for name in imported.__all__)
