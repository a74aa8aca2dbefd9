"""Pictures: each function draws the result handed in and returns its axes or its figure.

They compute nothing and show nothing. ``plot_x(..., ax=None)`` draws on the axes given, else on a
figure of its own that pyplot does not know; ``save_figure`` writes it. Each is loaded when it is
first used.
"""

from escalation.lazy import lazy_exports

TYPE_CHECKING = False  # see escalation.lazy
if TYPE_CHECKING:
    from escalation.figures.boundary_table import plot_boundaries
    from escalation.figures.decision_table import plot_decision_pages, plot_decision_table
    from escalation.figures.files import SUFFIXES, Provenance, save_figure
    from simulations.plots.averages import plot_curve_averages
    from simulations.plots.characteristics import (
        plot_distribution,
        plot_patients,
        plot_scenarios,
        plot_selection,
    )
    from simulations.plots.comparison import (
        plot_comparison,
        plot_comparison_pages,
        provenance_of_comparison,
    )
    from simulations.plots.convergence import plot_convergence
    from simulations.plots.durations import plot_durations
    from simulations.plots.page import plot_page, plot_pages
    from simulations.plots.paths import plot_path_pages, plot_paths
    from simulations.plots.progress import plot_progress
    from simulations.plots.provenance import provenance_of
    from simulations.plots.sensitivity import plot_tornado
    from simulations.plots.swimmer import plot_swimmer
    from simulations.plots.timeline import plot_timelines
    from simulations.plots.trials import plot_trajectories, plot_trajectory
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "escalation.figures.boundary_table": "plot_boundaries",
            "escalation.figures.decision_table": "plot_decision_pages plot_decision_table",
            "escalation.figures.files": "SUFFIXES Provenance save_figure",
            "simulations.plots.averages": "plot_curve_averages",
            "simulations.plots.characteristics": (
                "plot_distribution plot_patients plot_scenarios plot_selection"
            ),
            "simulations.plots.comparison": (
                "plot_comparison plot_comparison_pages provenance_of_comparison"
            ),
            "simulations.plots.convergence": "plot_convergence",
            "simulations.plots.durations": "plot_durations",
            "simulations.plots.page": "plot_page plot_pages",
            "simulations.plots.paths": "plot_path_pages plot_paths",
            "simulations.plots.progress": "plot_progress",
            "simulations.plots.provenance": "provenance_of",
            "simulations.plots.sensitivity": "plot_tornado",
            "simulations.plots.swimmer": "plot_swimmer",
            "simulations.plots.timeline": "plot_timelines",
            "simulations.plots.trials": "plot_trajectories plot_trajectory",
        },
    )

__all__ = [
    "SUFFIXES",
    "Provenance",
    "plot_boundaries",
    "plot_comparison",
    "plot_comparison_pages",
    "plot_convergence",
    "plot_curve_averages",
    "plot_decision_pages",
    "plot_decision_table",
    "plot_distribution",
    "plot_durations",
    "plot_page",
    "plot_pages",
    "plot_path_pages",
    "plot_paths",
    "plot_patients",
    "plot_progress",
    "plot_scenarios",
    "plot_selection",
    "plot_swimmer",
    "plot_timelines",
    "plot_tornado",
    "plot_trajectories",
    "plot_trajectory",
    "provenance_of",
    "provenance_of_comparison",
    "save_figure",
]
