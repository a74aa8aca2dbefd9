"""Signatures by Ed25519 keys as `ssh-keygen -Y` makes them, and RFC 3161 timestamps: bytes only.

Nothing here knows of trials. What can be done without the extra `[keys]` is: public keys are read
and named, signatures taken apart. The libraries of the extra are imported by what needs them.
"""
