"""BOIN against the numbers of its authors' R package."""

from fractions import Fraction

import pytest

from escalation.designs import Boin, change_design
from escalation.errors import DesignError
from escalation.outcomes import Tally
from tests.designs.reference import only, rows, tallies, whole


def test_lambda_against_boin():
    """Rows with a cohort size: the usual limits; else p_saf 0.7 and p_tox 1.3 times the target."""
    n_rows = 0
    for row in rows("boin_lambda.csv"):
        target = float(row["target"])
        limits = {} if row["cohortsize"] else {"p_saf": 0.7 * target, "p_tox": 1.3 * target}
        design = Boin(n_levels=1, target=target, max_patients=30, **limits)
        assert design.lambda_e == pytest.approx(float(row["lambda_e"]), rel=1e-12), row
        assert design.lambda_d == pytest.approx(float(row["lambda_d"]), rel=1e-12), row
        n_rows += 1
    assert n_rows == 36


def test_boundaries_against_boin():
    differ, n_rows = [], 0
    for row in rows("boin_boundaries.csv"):
        design = Boin(
            n_levels=2,
            target=float(row["target"]),
            cohort_size=int(row["cohortsize"]),
            max_patients=30,
            p_saf=float(row["p_saf"]),
            p_tox=float(row["p_tox"]),
            cutoff_eli=float(row["cutoff_eli"]),
            extrasafe=row["extrasafe"] == "TRUE",
        )
        n = int(row["n"])
        unsafe = design.unsafe_at_lowest(n) if design.extrasafe else None
        said = (*design.boundaries(n), design.elimination(n), unsafe)
        theirs = tuple(
            whole(row[name])
            for name in (
                "escalate_if_dlt_le",
                "deescalate_if_dlt_ge",
                "eliminate_if_dlt_ge",
                "stop_if_dlt_ge_at_lowest",
            )
        )
        n_rows += 1
        if said != theirs:
            differ.append(f"{row}: {said}")
    only(differ)
    assert n_rows == 450


def test_decisions_at_every_size_against_boin():
    """One by one nothing is left to fill, so every decision is that of the published table."""
    for row in rows("boin_boundaries.csv"):
        if row["cohortsize"] != "1" or row["extrasafe"] == "TRUE":
            continue
        design = Boin(n_levels=3, target=float(row["target"]), cohort_size=1, max_patients=90)
        n = int(row["n"])
        eliminate = whole(row["eliminate_if_dlt_ge"])
        for x in range(n + 1):
            said = design.decide([Tally(), Tally(n_evaluable=n, n_dlts=x), Tally()], 1)
            if eliminate is not None and x >= eliminate:
                expected = (0, "eliminated")
            elif x >= int(row["deescalate_if_dlt_ge"]):
                expected = (0, "deescalate")
            elif x <= int(row["escalate_if_dlt_le"]):
                expected = (2, "escalate")
            else:
                expected = (1, "stay")
            assert (said.level, said.clause.id) == expected, (row, x)


@pytest.mark.slow
def test_selected_mtd_against_boin():
    differ, n_rows = [], 0
    for row in rows("boin_select_mtd.csv"):
        seen = tallies(row)
        design = Boin(
            n_levels=len(seen),
            target=float(row["target"]),
            cohort_size=1,
            max_patients=sum(tally.n_evaluable for tally in seen),
            cutoff_eli=float(row["cutoff_eli"]),
            extrasafe=row["extrasafe"] == "TRUE",
            bound_mtd=row["boundMTD"] == "TRUE",
        )
        decision = design.decide(seen, 0)
        assert decision.action == "stop"
        n_rows += 1
        if (99 if decision.mtd is None else decision.mtd + 1) != int(row["MTD"]):
            differ.append(f"{row}: {decision.mtd}")
    only(differ)
    assert n_rows == 800


@pytest.mark.parametrize("n", range(1, 40))
def test_a_tie_escalates_at_the_lower_boundary_and_stays_at_the_upper(n):
    """With p_saf = 1 - target, lambda_e is 1/2 exactly, and so is lambda_d with p_tox."""
    lower = Boin(n_levels=2, target=0.6, p_saf=0.4, p_tox=0.8, max_patients=30)
    upper = Boin(n_levels=2, target=0.4, p_saf=0.2, p_tox=0.6, max_patients=30)
    assert lower.boundaries(n)[0] == max(
        x for x in range(n + 1) if Fraction(x, n) <= Fraction(1, 2)
    )
    assert upper.boundaries(n)[1] == min(
        (x for x in range(n + 1) if Fraction(x, n) > Fraction(1, 2)), default=n + 1
    )


def test_a_new_target_brings_its_own_limits_unless_others_were_chosen():
    design = Boin(n_levels=3, target=0.3, max_patients=30)
    moved = change_design(design, target=0.25)
    assert (moved.p_saf, moved.p_tox) == (0.15, 0.35)
    chosen = change_design(Boin(n_levels=3, target=0.3, p_saf=0.2, max_patients=30), target=0.25)
    assert (chosen.p_saf, chosen.p_tox) == (0.2, 0.35)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"p_saf": 0.3}, "needs 0 < p_saf < target < p_tox < 1, not p_saf=0.3"),
        ({"p_tox": 0.25}, "p_tox=0.25"),
        ({"target": 0.8}, "p_tox=1.12"),
        ({"p_saf": 0.0}, "not p_saf=0 target=0.3 p_tox=0.42"),
        ({"p_tox": 0.3}, "not p_saf=0.18 target=0.3 p_tox=0.3"),
        ({"p_tox": 1.0}, "not p_saf=0.18 target=0.3 p_tox=1"),
        ({"p_tox": 0.0}, "not p_saf=0.18 target=0.3 p_tox=0"),
        ({"p_saf": True}, "p_saf must be a number, not True"),
        ({"bound_mtd": 1}, "bound_mtd must be true or false, not 1"),
    ],
)
def test_boundaries_that_cross_are_refused(options, said):
    with pytest.raises(DesignError, match=r"^boin: ") as error:
        Boin(n_levels=3, **({"target": 0.3, "max_patients": 30} | options))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5])
def test_a_target_that_is_none_is_the_one_fault_named(target):
    with pytest.raises(DesignError) as error:
        Boin(n_levels=3, target=target, max_patients=30)
    assert str(error.value) == f"boin: target must be between 0 and 1, not {target}"
