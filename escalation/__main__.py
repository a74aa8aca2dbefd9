"""``python -m escalation`` is the program ``escalation``."""

from escalation.cli import main

main(prog_name="escalation")
