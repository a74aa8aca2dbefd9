"""Backfill and expansion of trials in time, as they are shown."""

from __future__ import annotations

from escalation.protocol import load_protocol
from simulations.engines.timeline.run import simulate_timeline
from simulations.reports.timeline_beside import beside_figures, beside_tables
from simulations.timing.assumptions import Poisson, Timing


def test_backfill_and_expansion_are_shown_as_they_were_simulated():
    protocol = load_protocol("backfill-example")
    timing = Timing(arrivals=Poisson(mean_gap_days=5))
    found = simulate_timeline(protocol, [0.05, 0.15, 0.45], timing, trials=50)
    rows = {(name, level): moments for name, level, moments in beside_figures(found, "123")}
    assert rows["backfill_patients", "2"] is found.backfill[0][1]
    assert rows["t_expansion", ""].mean > found.t_decision.moments.mean
    blocks = list(beside_tables(found, protocol.short_names))
    assert [block.rows[0][0] for block in blocks[1::2]] == [
        "backfill at level",
        "expansion, where there is one",
    ]
    plain = simulate_timeline(load_protocol("nct07123519"), [0.1] * 4, timing, trials=5)
    assert list(beside_tables(plain, "1234")) == []
    assert list(beside_figures(plain, "1234")) == []
