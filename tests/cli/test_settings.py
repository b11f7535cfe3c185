"""`ingest settings`."""

from ingest.cli.settings import setting_lines
from ingest.config import Settings
from tests.cli.conftest import Command


def test_every_setting_is_printed_with_its_default(ingest: Command) -> None:
    printed = ingest("settings").out.splitlines()

    assert printed == setting_lines()
    names = [line.partition("=")[0] for line in printed if line.startswith("#INGEST_")]
    assert names == [f"#INGEST_{name.upper()}" for name in Settings.model_fields]


def test_defaults_that_depend_on_the_machine_are_described() -> None:
    assert "#INGEST_WORKERS=<cores>" in setting_lines()
    assert "#INGEST_NODE=<host name>" in setting_lines()
