"""The version of this program, as printed with every result."""

__all__ = ["__version__"]

__version__ = "0.2.0"
