"""How a package's door opens: names are loaded from their modules when they are first asked for.

So ``import escalation`` costs next to nothing, and who decides loads no numpy (PEP 562).
"""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # typing itself would be half of what importing the package costs
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, exports: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package's ``__init__``.

    Parameters
    ----------
    package : str
        The package's own ``__name__``.
    exports : mapping of str to str
        The names that each module gives, with spaces between them.

    Returns
    -------
    tuple of callable
        The first finds an exported name, or a module of the package, and raises
        ``AttributeError`` with what there is for anything else.
    """
    module_of = {name: module for module, names in exports.items() for name in names.split()}
    door = sys.modules[package]

    def __getattr__(name: str) -> Any:  # noqa: N807  # it becomes the package's own
        if name in module_of:
            value = getattr(importlib.import_module(module_of[name]), name)
            setattr(door, name, value)
            return value
        if not name.startswith("_"):
            try:
                return importlib.import_module(f"{package}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{package}.{name}":  # it is there, and needs what is not
                    raise
            from escalation.errors import did_you_mean  # noqa: PLC0415  # for a slip only

            hint = did_you_mean(name, sorted(module_of))
            raise AttributeError(f"{package} has no {name!r}; {hint}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__() -> list[str]:  # noqa: N807
        return sorted({*vars(door), *module_of})

    return __getattr__, __dir__
