"""A trial's record written for other programs: datasets shaped as SDTM and ADaM, and their faults.

``sdtm`` and ``adam`` make datasets of a trial's state, ``checks`` reads them again as a data
manager would, and ``csv``, ``dataset_json`` and ``xpt`` write them; ``package`` puts the files
together. Nothing here decides: what is exported is what the record says, and what the record does
not say is left empty, with the reason beside it.

The datasets are shaped as SDTM and are not a submission: no dictionary is shipped, so that no term
is coded, and no Define-XML stands beside them.
"""

__all__ = ["FORMS"]

FORMS = ("csv", "dataset-json", "xpt")
