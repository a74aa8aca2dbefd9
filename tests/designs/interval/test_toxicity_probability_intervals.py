"""mTPI, mTPI-2 and TPI against the R package escalation."""

import pytest
from scipy.stats import beta

from escalation.binomial import beta_cdf
from escalation.designs import MTpi, MTpi2, Tpi
from escalation.designs.interval.base import IntervalDesign
from escalation.errors import DesignError
from escalation.outcomes import Tally
from tests.designs.reference import only, rows

METHODS: dict[str, type[IntervalDesign]] = {"mtpi": MTpi, "mtpi2": MTpi2, "tpi": Tpi}


def _made(row: dict[str, str]) -> IntervalDesign:
    options: dict[str, float] = {"target": float(row["target"])}
    names = ("margin_left", "margin_right") if row["method"] == "mtpi2" else ("eps1", "eps2")
    for name, key in zip((*names, "k1", "k2"), ("eps1", "eps2", "k1", "k2"), strict=True):
        if row[key]:
            options[name] = float(row[key])
    cutoff = float(row["exclusion_certainty"])
    made = METHODS[row["method"]]
    return made(n_levels=3, cohort_size=1, max_patients=60, cutoff_eli=cutoff, **options)


@pytest.mark.parametrize("method", METHODS)
def test_decisions_against_escalation(method):
    """Every number of DLTs among 1 to 18 at dose 2 of 3, and the same at the lowest.

    One flag is left aside: for 1/1 the package says that the dose is admissible, and in the same
    row that the trial stops for it if it is the lowest. Here it is eliminated.
    """
    differ, n_rows = [], 0
    for row in rows("mtpi_mtpi2_tpi_decision_tables.csv"):
        if row["method"] != method:
            continue
        design = _made(row)
        here = Tally(n_evaluable=int(row["n"]), n_dlts=int(row["dlt"]))
        inside = design.decide([Tally(), here, Tally()], 1)
        lowest = design.decide([here, Tally(), Tally()], 0)
        limit = design.elimination(here.n_evaluable)
        admissible = limit is None or here.n_dlts < limit
        n_rows += 1
        same = (
            inside.level is not None
            and inside.level + 1 == int(row["next_dose_from_dose2of3"])
            and (lowest.level is not None) == (row["at_lowest_continue"] == "1")
            and ("" if lowest.level is None else str(lowest.level + 1)) == row["at_lowest_next"]
            and (admissible == (row["dose2_admissible"] == "1") or row["n"] == row["dlt"] == "1")
        )
        if not same:
            differ.append(f"{row}: {inside.level} {lowest.level} {admissible}")
    only(differ)
    assert n_rows == 378


def test_beta_cdf_against_scipy():
    for n in (1, 2, 3, 9, 30, 100, 300):
        for x in range(0, n + 1, max(n // 20, 1)):
            a, b = x + 0.005, n - x + 0.005
            for p in (0.0, 1e-6, 0.01, 0.2, 0.3, 0.5, 0.9, 0.999, 1.0):
                assert beta_cdf(p, a, b) == pytest.approx(beta.cdf(p, a, b), abs=2e-12), (n, x, p)


@pytest.mark.parametrize("target", [0.2, 0.25, 0.3, 0.4])
def test_no_tpi_reading_is_near_a_tie(target):
    """So rounding decides nothing: the two largest masses differ by far more than an error."""
    for n in range(1, 61):
        for x in range(n + 1):
            a, b = x + 0.005, n - x + 0.005
            sd = float(beta.std(a, b))
            low, high = beta.cdf(target - 1.5 * sd, a, b), beta.cdf(target + sd, a, b)
            masses = sorted((low, high - low, 1 - high))
            assert masses[2] - masses[1] > 1e-9, (n, x)


@pytest.mark.parametrize(
    ("made", "options", "said"),
    [
        (MTpi, {"eps1": 0.3}, "mtpi: needs 0 < target - eps1 < target + eps2 < 1, not target=0.3"),
        (MTpi, {"eps2": 0.8}, "mtpi: needs 0 < target - eps1 < target + eps2 < 1"),
        (MTpi, {"eps1": float("nan")}, "mtpi: eps1 must be a number, not nan"),
        (Tpi, {"k1": 0}, "tpi: k1 must be above 0, up to 100, not 0"),
        (Tpi, {"k2": float("inf")}, "tpi: k2 must be a number, not inf"),
    ],
)
def test_intervals_that_are_none_are_refused(made, options, said):
    with pytest.raises(DesignError) as error:
        made(**({"n_levels": 3, "target": 0.3, "max_patients": 30} | options))
    assert str(error.value).startswith(said)
