"""Where the numbers of a picture come from, as printed on it and as stored in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalation import __version__
from simulations.plots.style import shorten
from simulations.results import ScenarioResult

__all__ = ["Provenance", "describe_method"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a picture was made from.

    Attributes
    ----------
    design : str
        The design and its options, in words.
    scenario : str
        Name of the scenario, or of each.
    method : str
        Engine, number of trials and seed.
    protocol, digest : str
        Name and SHA-256 digest of the protocol.
    note : str
        Anything else a reader must know, such as outcomes that the trials continue from.
    """

    design: str
    scenario: str = ""
    method: str = ""
    protocol: str = ""
    digest: str = ""
    note: str = ""

    @classmethod
    def of(
        cls,
        results: Sequence[ScenarioResult],
        *,
        design: str,
        protocol: str = "",
        digest: str = "",
        note: str = "",
    ) -> Provenance:
        """Gather from results what they know: scenarios, method, trials and seed."""
        methods = dict.fromkeys(describe_method(result) for result in results)
        return cls(
            design=design,
            scenario=", ".join(result.scenario.name for result in results),
            method=" / ".join(methods),
            protocol=protocol,
            digest=digest,
            note=note,
        )

    @property
    def origin(self) -> str:
        """Protocol, the digest's first 12 digits, and the version of this program."""
        digest = f"digest {self.digest[:12]}" if self.digest else ""
        parts = (self.protocol and f"protocol {self.protocol}", digest)
        return ", ".join([*filter(None, parts), f"escalation {__version__}"])

    def describe(self) -> str:
        """Return everything in one line, with the digest in full."""
        parts = {
            "design": self.design,
            "scenario": self.scenario,
            "method": self.method,
            "protocol": self.protocol,
            "digest": self.digest,
            "note": self.note,
            "version": __version__,
        }
        return "; ".join(f"{key}: {value}" for key, value in parts.items() if value)


def describe_method(result: ScenarioResult) -> str:
    """Say which engines a result comes from, with trials and seed."""
    parts = ["exact"] if result.exact is not None else []
    if result.monte_carlo is not None:
        trials, seed = result.monte_carlo.trials, result.monte_carlo.seed
        parts.append(f"Monte Carlo ({trials:,} trial{'s' * (trials != 1)}, seed {seed})")
    return " and ".join(parts)


def describe_scenario(name: str) -> str:
    """Quote a scenario's name, at a length that fits a caption."""
    return f"scenario “{shorten(name)}”"
