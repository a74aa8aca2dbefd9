"""What a design would do, over many trials: exact and simulated operating characteristics.

``simulations.characteristics(design, scenarios, target=0.25)`` answers most questions; every name
below, and every module as ``simulations.plots``, is loaded when it is first used.
"""

from escalation.lazy import lazy_exports

TYPE_CHECKING = False  # see escalation.lazy
if TYPE_CHECKING:
    from simulations import plots as plots
    from simulations.compare.differences import find_differences
    from simulations.engines.montecarlo import simulate, simulate_trials
    from simulations.graph.build import build_graph
    from simulations.library.characteristics import Characteristics, characteristics
    from simulations.library.comparison import Comparison, comparison
    from simulations.library.questions import (
        Answer,
        averages,
        mtd_data,
        paths,
        sensitivity,
        worst_case,
    )
    from simulations.library.timeline import TrialsInTime, trials_in_time
    from simulations.scenarios.curves import emax, logistic, power, weibull
    from simulations.scenarios.random import logistic_normal, paoletti, pseudo_uniform
    from simulations.scenarios.scenario import (
        Scenario,
        load_scenarios,
        shipped_scenarios,
    )
    from simulations.timing.assumptions import Timing
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "simulations.compare.differences": "find_differences",
            "simulations.engines.montecarlo": "simulate simulate_trials",
            "simulations.graph.build": "build_graph",
            "simulations.library.characteristics": "Characteristics characteristics",
            "simulations.library.comparison": "Comparison comparison",
            "simulations.library.questions": (
                "Answer averages mtd_data paths sensitivity worst_case"
            ),
            "simulations.library.timeline": "TrialsInTime trials_in_time",
            "simulations.scenarios.curves": "emax logistic power weibull",
            "simulations.scenarios.random": "logistic_normal paoletti pseudo_uniform",
            "simulations.scenarios.scenario": "Scenario load_scenarios shipped_scenarios",
            "simulations.timing.assumptions": "Timing",
        },
    )

__all__ = [
    "Answer",
    "Characteristics",
    "Comparison",
    "Scenario",
    "Timing",
    "TrialsInTime",
    "averages",
    "build_graph",
    "characteristics",
    "comparison",
    "emax",
    "find_differences",
    "load_scenarios",
    "logistic",
    "logistic_normal",
    "mtd_data",
    "paoletti",
    "paths",
    "power",
    "pseudo_uniform",
    "sensitivity",
    "shipped_scenarios",
    "simulate",
    "simulate_trials",
    "trials_in_time",
    "weibull",
    "worst_case",
]
