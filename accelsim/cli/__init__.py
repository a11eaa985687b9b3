"""The command line: arguments, progress, messages, exit codes; no arithmetic.

Commands import what they need when they run, so that ``accelsim --help`` answers at once.
"""

from __future__ import annotations

import sys
import warnings

from accelsim.errors import AccelsimError, LossWarning


def main() -> None:
    """Run the command line; every mistake is one line on standard error and exit status 2."""
    from typer import Abort, Exit
    from typer.exceptions import TyperException

    from accelsim.cli.app import app

    warnings.simplefilter("ignore", LossWarning)  # commands tell them in lines of their own
    try:
        status = app(standalone_mode=False)
    except Exit as leave:
        status = leave.exit_code
    except AccelsimError as problem:
        status = _complain(str(problem))
    except TyperException as problem:
        where = getattr(problem, "ctx", None)
        hint = f"; see '{where.command_path} --help'" if where is not None else ""
        status = _complain(problem.format_message().rstrip(".") + hint)
    except (KeyboardInterrupt, Abort):
        sys.stderr.write("accelsim: interrupted\n")
        status = 130
    except BrokenPipeError:
        # The reader of our output has gone (``| head``); that is not a mistake.
        sys.stderr.close()
        status = 0
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        status = _complain(f"{where}{problem.strerror or problem}")
    except MemoryError:
        status = _complain("out of memory; use a smaller layer or fewer inputs at once")
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"accelsim: error: {line}\n")
    return 2
