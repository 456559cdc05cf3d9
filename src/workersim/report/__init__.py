"""Reports: runs in a page that can be sent to somebody, ``ws.report(scenario).save("report.html")``.

The room has the name of its function.  Whoever imports something from it would find the module where
``ws.report`` is looked for, so the module can be called as well.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from workersim.report.making import Report, report

__all__ = ["Report", "report"]


class _Room(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> Report:
        """Make a report, as the function does."""
        return report(*args, **settings)


sys.modules[__name__].__class__ = _Room
