"""The parser of the command line; that of ``serve`` is Go's."""

import argparse
import sys
from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser whose help is the same with every Python, and so are those of its commands."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Formatter)
        super().__init__(**options)


class _Formatter(argparse.HelpFormatter):
    def _format_action_invocation(self, action: argparse.Action) -> str:
        """The names of an option, and its value once: as Python 3.13 and later have it."""
        if sys.version_info >= (3, 13) or not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"
