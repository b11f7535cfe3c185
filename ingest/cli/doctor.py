"""`ingest doctor`: what does not work, why, and what to do."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from ingest.cli.doctor_service import Finding, check_service
from ingest.cli.listing import print_json_lines, print_rows
from ingest.cli.options import ApiKey, AsJson, BaseUrl
from ingest.cli.output import print_line
from ingest.config import load_settings
from ingest.environment import client_api_key
from ingest.errors import REFUSED_EXIT_CODE
from ingest.imports.service_url import DEFAULT_URL

EXIT_WRONG = 1


def doctor(
    as_json: AsJson = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
    data: Annotated[Path | None, typer.Option(help="Also check this data folder on this machine.")] = None,
) -> None:
    """Find out what does not work, and what to do.

    The command asks the service for its dependencies, version and clock, and tries the key. With --data it also looks at the
    data folder on this machine: permissions, disk, secrets key and schema. It changes nothing.

    Exit code 0: all is well; 1: something does not work, or should be changed; 2: no service answers.
    """
    findings: list[Finding] = []
    answers = True
    try:
        findings += check_service(base_url, api_key or client_api_key())
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        answers = False
        detail = f"{base_url} does not answer: {exc or type(exc).__name__}"
        findings.append(Finding("service", "error", detail, "Start it with `ingest up`, or set INGEST_URL or --url."))
    if data is not None:
        from ingest.cli.doctor_data import check_data  # loads the database's drivers

        findings += check_data(load_settings(data=data))
    _print(findings, as_json=as_json)
    if not answers:
        raise typer.Exit(REFUSED_EXIT_CODE)
    if any(finding.state != "ok" for finding in findings):
        raise typer.Exit(EXIT_WRONG)


def _print(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        print_json_lines(asdict(finding) for finding in findings)
        return
    print_rows(("check", "state", "detail"), [(each.check, each.state, each.detail) for each in findings])
    for each in findings:
        if each.advice:
            print_line(Console(), f"{each.check}: {each.advice}")
