"""The tabulation datasets, a module a class of domains, as SDTM groups them.

``study`` says whom they are about, ``variables`` how variables are named, ``terms`` what words of
the record are in CDISC's terms.
"""
