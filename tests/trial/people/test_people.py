"""Subject ids, and who may do what."""

import pytest

from escalation.trial.events import Role
from escalation.trial.people.rights import MAY, lacks_role, subject_id_fault


@pytest.mark.parametrize(
    "subject",
    [
        "TJ-003",
        "S001",
        "YTS109-001",
        "NCT07123519-001",
        "001-001",
        "1-01-001",
        "2026-01",
        "S1980",
        "1980021",
    ],
)
def test_pseudonyms_are_accepted(subject):
    assert subject_id_fault(subject) is None


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        ("John Smith", "capitals and digits"),
        ("JOHN", "without a digit"),
        ("SMITH-01", "a name"),
        ("J.S.-01", "capitals and digits"),
        ("s001", "capitals and digits"),
        ("19800213", "date of birth"),
        ("13021980", "date of birth"),
        ("02131980", "date of birth"),
        ("1980-02-13", "date of birth"),
        ("13-02-80", "date of birth"),
        ("800213", "date of birth"),
        ("13FEB80", "date of birth"),
        ("P-800213-1", "date of birth"),
        ("110101198002131234", "date of birth"),  # an identity number
        ("", "capitals and digits"),
        ("-1", "capitals and digits"),
        ("S1\n", "capitals and digits"),
        ("S\u0661", "capitals and digits"),  # a digit, but not ASCII
        ("<B>1", "capitals and digits"),
        ("S" * 4 + "1" * 20, "at most 20"),
    ],
)
def test_names_and_birth_dates_are_refused(subject, word):
    assert word in (subject_id_fault(subject) or "")


@pytest.mark.parametrize(
    ("subject", "is_date"),
    [
        ("18991231", False),  # nobody alive was born before 1900
        ("19000101", True),
        ("20991231", True),
        ("01012100", False),
        ("31129999", False),
        ("9999919800213", True),  # at the end of a longer number
        ("1980021399999", True),
        ("9999919800232", False),
        ("80-02-013", False),  # three digits are no day, no month and no year
        ("012-13-80", False),
        ("1-1-180", False),
        ("1-1-80", True),
        ("8-1-1", False),
        ("320180", False),
        ("013180", True),
        ("311280", True),
        ("801231", True),
        ("801332", False),
        ("290200", True),  # of a leap year
        ("1FEB80", True),
        ("1-FEB-1980", True),
        ("FEB80", False),
        ("1FEB8", False),
        ("1980-1-1", True),
        ("A-1980-01-01-B", True),
        ("11980-01-1", False),
    ],
)
def test_a_date_is_read_in_every_order_it_is_written_in(subject, is_date):
    assert ("date of birth" in (subject_id_fault(subject) or "")) == is_date


@pytest.mark.parametrize(
    ("subject", "accepted"),
    [("9" * 20, True), ("9" * 21, False), ("ABCD-1", True), ("ABCDE-1", False)],
)
def test_an_id_has_twenty_characters_at_most_and_four_letters_in_a_row(subject, accepted):
    assert (subject_id_fault(subject) is None) == accepted


def test_every_task_is_somebodys_and_approving_is_the_chairs():
    assert all(MAY.values())
    assert MAY["sign as approved"] == MAY["override the rule"] == {Role.CHAIR}


@pytest.mark.parametrize("task", MAY)
@pytest.mark.parametrize("role", Role)
def test_only_the_roles_of_a_task_may_do_it(task, role):
    fault = lacks_role("Ann", {role}, task)
    assert (fault is None) == (role in MAY[task])
    if fault:
        assert '"Ann" has the role' in fault
        assert f"to {task} takes" in fault


def test_someone_without_a_role_is_told_so():
    assert "has no role" in (lacks_role("Ann", set(), "record patients") or "")
