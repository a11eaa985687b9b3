"""``--help`` reads like a manual: purpose, arguments, units, examples that parse, exit status."""

import shlex
import sys

import pytest
from typer.main import get_command

from accelsim.cli import main
from accelsim.cli.app import app
from accelsim.cli.manual import PAGES, SUMMARY

GROUP = get_command(app)
EXAMPLES = [(name, command) for name, page in PAGES.items() for command, _ in page.examples]


def help_of(*words):
    context = GROUP.make_context("accelsim", [], resilient_parsing=True)
    if not words:
        return GROUP.get_help(context)
    command = GROUP.commands[words[0]]
    return command.get_help(command.make_context(words[0], [], parent=context,
                                                 resilient_parsing=True))


def test_every_command_has_a_page():
    assert set(GROUP.commands) == set(PAGES)


def test_the_list_of_commands():
    text = help_of()
    assert SUMMARY in text
    assert "Exit status:" in text
    for name, page in PAGES.items():
        assert f"  {name} " in text
        assert page.line in text, "cut short"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(name):
    text = help_of(name)
    assert "Examples:\n" in text
    assert "Exit status: 0" in text
    for command, what in PAGES[name].examples:
        assert command in text
        assert what in text
    for line in text.splitlines():
        assert "range>" not in line, "a value without a name"
        assert "<float>" not in line
    for parameter in GROUP.commands[name].params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize(("name", "command"), EXAMPLES)
def test_an_example_parses(name, command):
    """Arguments and options are there; tests/test_readme_commands.py runs most of them."""
    program, own, *words = shlex.split(command.partition(" > ")[0])
    assert (program, own) == ("accelsim", name)
    GROUP.commands[name].make_context(name, words)


def test_an_example_that_does_not_parse_is_seen():
    with pytest.raises(Exception, match="No such option"):
        GROUP.commands["simulate"].make_context("simulate", ["alex-7", "--no-such"])


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    """Exit status 130, as the help has it."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("accelsim.network.simulate_network", interrupted)
    monkeypatch.setattr(sys, "argv", ["accelsim", "simulate", "nt-we"])
    with pytest.raises(SystemExit) as leave:
        main()
    assert leave.value.code == 130
    assert capsys.readouterr().err == "accelsim: interrupted\n"
