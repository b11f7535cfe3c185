"""Fixtures that imports share with the command line: a service that is faked over HTTP."""

from tests.cli.conftest import service

__all__ = ["service"]
