"""Accounts: who signs in when several people use the page, and what they may be called.

``places`` says where accounts and their journal are, ``tables`` what is kept of them, ``journal``
writes down what happens. ``passwords`` and ``codes`` are what somebody knows and has. ``book`` does
what can be done to an account, ``gate`` signs people in for the page, ``forms`` and ``screens`` are
what they see.
"""
