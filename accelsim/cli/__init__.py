"""The command line: arguments, progress, messages, exit codes; no arithmetic.

Commands import what they need when they run, so that ``accelsim --help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from accelsim.errors import AccelsimError, LossWarning
from accelsim.streams import complain, flushed, ready


def main() -> None:
    """Run the command line; every mistake is one line on standard error and exit status 2."""
    ready()
    sys.exit(flushed(_run()))


def _run() -> int:
    from typer import Abort, Exit
    from typer.exceptions import TyperException

    from accelsim.cli.app import app
    from accelsim.cli.common import announce
    from accelsim.kernels.compiling import on_first_compile

    on_first_compile(announce)
    warnings.showwarning = _remark
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossWarning)  # commands tell them in lines of their own
            status = app(standalone_mode=False)
        return status if isinstance(status, int) else 0
    except Exit as leave:
        return leave.exit_code
    except AccelsimError as problem:
        from accelsim.cli.wording import as_options

        return complain(as_options(str(problem)))
    except TyperException as problem:
        where = getattr(problem, "ctx", None)
        hint = f"; see '{where.command_path} --help'" if where is not None else ""
        return complain(problem.format_message().rstrip(".") + hint)
    except (KeyboardInterrupt, Abort):
        sys.stderr.write("accelsim: interrupted\n")
        return 130
    except BrokenPipeError:
        return 0  # the reader of our output has gone (``| head``); that is not a mistake
    except SystemExit as leave:
        if isinstance(leave.__context__, BrokenPipeError):  # Typer makes it one
            return 0
        raise
    except OSError as problem:
        # Files are written by `accelsim.files`, which names them.
        where = problem.filename or "standard output"
        return complain(f"{where}: {problem.strerror or problem}")
    except MemoryError:
        return complain("out of memory; use a smaller layer or fewer inputs at once")


def _remark(message: Warning | str, *where: Any, **more: Any) -> None:
    sys.stderr.write(f"accelsim: warning: {' '.join(str(message).split())}\n")
