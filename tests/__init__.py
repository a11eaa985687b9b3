"""The tests. A package by name, so that `from tests.oracle import ...` cannot find another one."""
