"""Exact figures of interval designs level by level, without the states of the whole trial.

What follows a cohort depends on the tally of its level and on whether the level above has been
eliminated. So a trial is a list of cohorts at each level, each followed by a step: up, down, none.
The lists of neighbours fit together where as many steps arrive as depart, but for where the trial
starts and ends; and any lists that fit make one trial, in which each level follows its own list in
order. (They are the exits of an Eulerian trail on a line: the last exit from each level leads
towards the end.) An eliminated level is left for good; from then on the level below it stays where
it would have gone up.

The sum over all trials is then a product of small tables, one a level, over how often the trial
crosses between two levels: polynomial in levels and patients (``transfer``). Which MTD is selected
needs the tallies of all levels below the lowest that is eliminated: these are built up level by
level, and what happened above comes from the tables (``selection``). The design is asked about one
level in each situation of its neighbours (``lists``); no threshold is known here.
"""
