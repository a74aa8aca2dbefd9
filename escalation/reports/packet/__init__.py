"""What a safety committee reads before it votes, and the minutes of how it did.

A file a group of sections; each section is a function from a ``Basis`` to blocks, which asks what
the status, the patients and the listings ask, and holds no rule of its own.
"""

from escalation.reports.packet.basis import Basis, Pictures
from escalation.reports.packet.minutes import write_minutes
from escalation.reports.packet.packet import write_packet

__all__ = ["Basis", "Pictures", "write_minutes", "write_packet"]
