"""The same planted faults by another package's rules of a table: pointblank (MIT).

What a table cannot know, of its metadata or of other datasets, is left out. The rules are written
from SDTM's conventions for each variable's name, without the checks of this project.
"""

from __future__ import annotations

from typing import Any

import pytest

from .planted import FAULTS, Planted, documents

pytestmark = pytest.mark.slow
pb = pytest.importorskip("pointblank", reason="pointblank is not installed")
pd = pytest.importorskip("pandas")

TIME = r"(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?"
ISO = rf"^\d{{4}}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]){TIME})?)?$"
NAMED = {  # Req, in the implementation guide
    "STUDYID", "USUBJID", "AETERM", "DSTERM", "DSDECOD", "LBTESTCD", "PCTESTCD", "QNAM", "QVAL",
}  # fmt: skip
TERMS = {
    "AESER": ("Y", "N"),
    "AEOUT": ("FATAL", "RECOVERED/RESOLVED", "NOT RECOVERED/NOT RESOLVED", "UNKNOWN"),
    "SEX": ("F", "M", "U"),
}
IN_TABLE = {
    name: planted
    for name, planted in FAULTS.items()
    if planted.seen_by_table and planted.check not in ("records", "width")
}


def opinion(document: dict[str, Any]) -> bool:
    """Tell whether pointblank finds nothing wrong with a dataset."""
    names = [column["name"] for column in document["columns"]]
    frame = pd.DataFrame(document["rows"], columns=names, dtype="object")
    rules = pb.Validate(frame).row_count_match(count=document["records"])
    domain, sequence = document["name"], f"{document['name']}SEQ"
    rules = rules.col_vals_in_set("STUDYID", ["NCT07123519"])
    if "DOMAIN" in names:
        rules = rules.col_vals_in_set("DOMAIN", [domain])
    if sequence in names and "USUBJID" in names:
        rules = rules.rows_distinct(columns_subset=["USUBJID", sequence])
    for name in names:
        if name in NAMED:
            rules = rules.col_vals_not_null(name)
        if name.endswith("DTC"):
            rules = rules.col_vals_regex(name, ISO, na_pass=True)
        if name in TERMS:
            rules = rules.col_vals_in_set(name, [*TERMS[name], None])
    rules = rules.col_vals_expr(lambda df: df.apply(_is_sound, axis=1, domain=domain))
    return bool(rules.interrogate().all_passed())


def _is_sound(row: Any, domain: str) -> bool:
    """Tell whether the values of a row fit each other."""

    def get(name: str) -> Any:
        value = row.get(name)
        return None if pd.isna(value) else value

    for name in row.index:
        value = get(name)
        if name.endswith("DY") and value == 0:
            return False
        if name.endswith(("STRESN", "DOSE")) and value is not None:
            if not isinstance(value, int | float) or value in (float("inf"), float("-inf")):
                return False
            unit = name.replace("STRESN", "STRESU").replace("DOSE", "DOSU")
            if get(unit) is None and domain != "QS":  # scores have none
                return False
        is_day = name.endswith("DTC") and value and len(value) >= 10
        if is_day and pd.to_datetime(value[:10], errors="coerce") is pd.NaT:
            return False
    start, end = get(f"{domain}STDTC"), get(f"{domain}ENDTC")
    if start and end and end[:10] < start[:10]:
        return False
    text, number = get(f"{domain}STRESC"), get(f"{domain}STRESN")
    return number is None or text is None or float(text) == float(number)


def test_in_what_is_exported_it_finds_nothing_wrong():
    assert [name for name, document in documents().items() if not opinion(document)] == []


@pytest.mark.parametrize("planted", IN_TABLE.values(), ids=IN_TABLE)
def test_it_finds_a_planted_fault_too(planted: Planted):
    assert not opinion(planted.plant()[planted.dataset])


def test_a_lost_row_is_found_by_the_count():
    assert not opinion(FAULTS["a row is lost"].plant()["EX"])
