"""``python -m escalation`` is the program ``escalation``."""

import sys

__all__ = ["run"]


def run() -> None:
    """Run the program; Ctrl-C while its parts are imported is said in a word, as later."""
    try:
        from escalation.cli import main  # noqa: PLC0415  # nothing is imported before
    except KeyboardInterrupt:
        sys.stderr.write("\nAborted!\n")
        sys.exit(1)
    main(prog_name="escalation")


if __name__ == "__main__":
    run()
