"""The appendix that a protocol or an analysis plan wants: a design, and what it would do.

A file a group of sections; each section is a function from a ``Basis`` to blocks that asks what
the commands ask, and holds no rule of its own.
"""

from simulations.reports.design_report.basis import Basis, Compared, Pictures
from simulations.reports.design_report.report import write_report

__all__ = ["Basis", "Compared", "Pictures", "write_report"]
