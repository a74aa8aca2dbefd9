"""The safety committee: it decides, its members vote, and the chair signs.

A decision is put to the vote (``decide``), each member votes for themselves (``vote``), the votes
are counted by one function (``tally``), and a decision that they carry is approved (``sign``).
"""
