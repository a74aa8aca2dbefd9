"""Keys of people and what they sign, and timestamps of entries: commands, and how all is checked.

``held`` is what the state knows of keys, ``statement`` the texts that are signed and stamped.
"""
