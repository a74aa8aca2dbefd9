"""What a site calls what the plan names."""

from escalation.plan import Disease, Plan, PlannedTest, load_plan
from escalation.plan.names import PlanNames


def test_other_capitals_labels_and_codes_are_the_names_of_the_plan():
    names = PlanNames(load_plan("nct07123519"))
    assert [names.finding(said) for said in ("ALT", "Haemoglobin", "e1", "IL-6")] == [
        "alt",
        "haemoglobin",
        "E1",
        "il6",
    ]
    assert [names.visit(said) for said in ("w2", "Day 4", "D4")] == ["W2", "D4", "D4"]
    assert [names.disease(said) for said in ("SLE", "ANCA-associated vasculitis")] == ["sle", "aav"]
    assert names.criterion("i2.3") == "I2.3"


def test_what_could_be_two_things_or_none_stays_as_it_was_said_and_a_name_is_itself():
    tests = (
        PlannedTest(name="CK", label="Creatine kinase"),
        PlannedTest(name="ck", label="Cytokeratin"),
        PlannedTest(name="il2", label="Interleukin"),
        PlannedTest(name="il6", label="Interleukin"),
        PlannedTest(name="x", label="CK"),
    )
    names = PlanNames(Plan(name="two", tests=tests, diseases=(Disease(name="a", label="b"),)))
    for said in ("CK", "ck", "Ck", "Interleukin", "nothing"):
        assert names.finding(said) == said
    assert PlanNames(None).finding("ALT") == "ALT"
