"""The documentation is complete, its links and citations lead somewhere, and the site needs no other host."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from api import metrics as api_metrics
from ingest.cli import app
from ingest.observability import metrics
from ingest.steps.parse.report import Outcome
from tests.attacks.test_attacks import BODIES, CONNECTIONS, SEARCHES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "deploy" / "docs"

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that make a browser fetch something, and the attribute that names it."""

SUFFIXES = ("py", "md", "yaml", "yml", "toml", "json", "svg", "sh", "lock", "txt", "css", "js", "example")
# A path of this repository in prose or in a comment: `deploy/docs/cli.md`, `tests/jobs/test_run.py`, `ingest/verify`.
CITED_PATH = re.compile(r"(?<![\w./:@-])(?:deploy|ingest|api|workers|tests)/[\w./-]*\w")
CITED_SECTION = re.compile(r"api-contract\.md`?,? sections? (\d+[a-d]?)(?:\.(\d+))?")
CITED_DECISION = re.compile(r"\bdecisions?[ /](\d{1,4})\b")
TEST_ALIASES = {name: f"tests/chaos/test_{name}.py" for name in ("crash_points", "processes", "partitions", "model")}
CITED_TEST = re.compile(r"(tests/[\w/]+\.py|\b(?:" + "|".join(TEST_ALIASES) + r"))?::(test_\w+)")

WARNING_CODE = re.compile("[a-z]+(?:_[a-z]+)+")

PLACEHOLDER = re.compile(r"NAME|NNNN|\.\.")
"""Marks a path in an instruction as one that does not exist yet."""


def cited_files() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every file of the repository that may cite another one."""
    names = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\n")
    for name in names:
        path = ROOT / name
        if name and path.suffix in (".py", ".md", ".yaml", ".yml", ".toml") and path.is_file():
            yield name, path.read_text(encoding="utf-8")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading of a page, subsections included, by heading."""
    found: dict[str, str] = {}
    for heading in re.finditer(r"^(#+) (.+)$", text, re.MULTILINE):
        level = len(heading[1])
        following = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE).search(text, heading.end())
        found[heading[2]] = text[heading.end() : following.start() if following else len(text)]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a warning (a dead link, an anchor that does not exist, a page outside of the navigation) fails."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    target = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--config-file",
            "deploy/mkdocs.yml",
            "--site-dir",
            target,
        ],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return target


class LoadedAddresses(HTMLParser):
    """Collects what a browser fetches when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if name == LOADS.get(tag) and value]


def test_the_site_builds_without_a_warning_and_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = list(site.rglob("*.html"))

    assert len(pages) > 30
    for built in pages:
        parser = LoadedAddresses()
        text = built.read_text(encoding="utf-8")
        parser.feed(text)
        remote = [address for address in parser.addresses if re.match(r"(https?:)?//", address)]
        assert not remote, f"{built.name} loads {remote}"
        assert not re.search(r"url\(['\"]?(https?:)?//", text)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text(encoding="utf-8")), style


def test_pages_have_a_limited_length() -> None:
    too_long = {path.name: count for path in DOCS.rglob("*.md") if (count := path.read_text().count("\n")) > 310}

    assert not too_long


def test_every_cited_path_exists() -> None:
    missing = [
        f"{name}: {cited}"
        for name, text in cited_files()
        if name not in ("CHANGELOG.md", "tests/deploy/test_docs.py")
        for cited in set(CITED_PATH.findall(text))
        if _is_file_name(cited) and not _path_exists(cited, (ROOT / name).parent)
    ]

    assert not missing, "\n".join(sorted(missing))


def _is_file_name(cited: str) -> bool:
    """Return whether a citation has the suffix of a file. A decision may be cited by its number alone."""
    is_named = cited.rpartition(".")[2] in SUFFIXES or "/decisions/" in cited
    return is_named and not PLACEHOLDER.search(cited)


def _path_exists(cited: str, folder: Path) -> bool:
    """Return whether a path exists, relative to the repository, to the folder of the citing page, or to the docs."""
    if "/decisions/" in cited and not cited.endswith(".md"):
        return any(ROOT.glob(f"{cited}*.md"))
    return any((base / cited).exists() for base in (ROOT, folder, DOCS))


def test_every_cited_section_of_the_contract_exists() -> None:
    contract = page("api-contract.md")
    headings = set(re.findall(r"^##+ (\d+[a-d]?)\. ", contract, re.MULTILINE))
    facts = set(re.findall(r"^- \*\*(\d+\.\d+)\*\*", contract, re.MULTILINE))
    cited = [(name, *found) for name, text in cited_files() for found in CITED_SECTION.findall(text)]

    assert {"0", "8", "10"} <= headings
    assert len(cited) > 10
    for name, section, fact in cited:
        assert section in headings, f"{name} cites section {section}"
        assert not fact or f"{section}.{fact}" in facts, f"{name} cites section {section}.{fact}"


def test_every_cited_decision_exists() -> None:
    numbers = {int(path.name[:4]) for path in (DOCS / "decisions").glob("0*.md")}

    assert numbers == set(range(1, len(numbers) + 1))
    for name, text in cited_files():
        for cited in CITED_DECISION.findall(text):
            assert int(cited) in numbers, f"{name} cites decision {cited}"


def test_every_cited_test_exists() -> None:
    missing = []
    for name, text in cited_files():
        if not name.endswith(".md"):
            continue
        file = ""
        for module, test in CITED_TEST.findall(text):
            file = TEST_ALIASES.get(module, module) or file
            if not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE):
                missing.append(f"{name}: {file}::{test}")

    assert not missing, "\n".join(missing)


def test_the_page_of_attacks_has_every_attack_and_a_test_for_every_row() -> None:
    text = page("attacks-and-faults.md")
    attacks = {attack.__name__ for attack in (*SEARCHES, *BODIES, *CONNECTIONS)}
    rows = re.findall(r"^\| .+ \|$", sections(text)["Single attacks and faults"], re.MULTILINE)
    promises = [row for row in rows if not row.startswith("| attack or fault")]

    assert attacks <= set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    assert len(promises) > 30
    assert [row for row in promises if "::test_" not in row and not re.search(r"`tests/[\w/]+\.py`", row)] == []


def test_every_setting_is_documented_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `(INGEST_\w+)` \| (.+?) \|", page("configuration.md"), re.MULTILINE))
    printed = CliRunner().invoke(app, ["settings"]).output
    settings = dict(re.findall(r"^#(INGEST_\w+)=(.*)$", printed, re.MULTILINE))

    assert set(documented) == set(settings)
    for name, default in settings.items():
        if not default.startswith("<"):  # differs from machine to machine
            assert documented[name].strip("`") == (default or "empty"), name


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every command with its options."""

    def walk(command: Any, path: str) -> Iterator[tuple[str, list[str]]]:
        if hasattr(command, "list_commands"):
            for name in command.list_commands(None):
                yield from walk(command.get_command(None, name), f"{path} {name}")
        else:
            options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
            yield path, [word for option in options for word in (*option.opts, *option.secondary_opts)]

    yield from walk(typer.main.get_command(app), "ingest")


COMMAND_PAGES = ("cli.md", "cli-administration.md")


def command_sections() -> dict[str, str]:
    return {heading: text for name in COMMAND_PAGES for heading, text in sections(page(name)).items()}


@pytest.mark.parametrize(("command", "options"), list(commands()), ids=lambda value: str(value)[:40])
def test_every_command_is_documented_with_its_options(command: str, options: list[str]) -> None:
    common = "".join(page(name).partition("\n## ")[0] for name in COMMAND_PAGES)
    section = command_sections()[command]

    for option in options:
        assert f"`{option}`" in common + section or option == "--help", f"{command} {option}"


def test_every_documented_command_exists() -> None:
    known = {command for command, _ in commands()} | {command.rpartition(" ")[0] for command, _ in commands()}

    assert {heading for heading in command_sections() if heading.startswith("ingest ")} <= known


def test_every_command_in_an_example_exists_and_has_these_options() -> None:
    known = {tuple(command.split()): set(options) | {"--help"} for command, options in commands()}
    examples = [
        (path.name, shlex.split(line.replace(" | ", " # "), comments=True))
        for path in [*DOCS.rglob("*.md"), ROOT / "README.md"]
        for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.split("\n")
        if re.match(r"(\.venv/bin/)?ingest ", line)
    ]

    assert len(examples) > 20
    for name, (_, *words) in examples:
        command = ("ingest", *words[:2]) if ("ingest", *words[:2]) in known else ("ingest", *words[:1])
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= known[command], f"{name}: {' '.join(words)}"


def test_every_json_example_is_json() -> None:
    for path in DOCS.rglob("*.md"):
        for block in re.findall(r"^```json\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            assert json.loads(block), f"{path.name}: {block}"


def test_every_metric_is_documented() -> None:
    assert metrics.jobs is not None  # imported for what it registers
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in REGISTRY.collect()
        if family.name.startswith("ingest_")
    }
    scraped = set(re.findall(r'GaugeMetricFamily\(\s*"(\w+)"', Path(api_metrics.__file__).read_text()))
    documented = set(re.findall(r"^\| `(ingest_\w+)`", page("monitoring.md"), re.MULTILINE))

    assert len(counted) > 8
    assert len(scraped) > 5
    assert documented == counted | scraped


def log_events() -> dict[str, set[str]]:
    """Return the levels of every event that the code logs under a literal name."""
    events: dict[str, set[str]] = {}
    for name, text in cited_files():
        if name.endswith(".py") and name.startswith(("ingest/", "api/", "workers/")):
            for call in ast.walk(ast.parse(text)):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
                    continue
                logger, event = call.func.value, call.args[0]
                if isinstance(logger, ast.Name) and logger.id == "_log" and isinstance(event, ast.Constant):
                    events.setdefault(str(event.value), set()).add(call.func.attr)
    return events


def test_log_events_are_documented_and_documented_ones_exist() -> None:
    rows = re.findall(r"^\| (`.+?`(?:, `\w+`)*) \|", sections(page("monitoring.md"))["Log"], re.MULTILINE)
    documented = {event for row in rows for event in re.findall(r"`(\w+)`", row)} - {"file_completed"}
    mentioned = set(re.findall(r"`(\w+)`", sections(page("monitoring.md"))["Log"]))
    events = log_events()
    severe = {event for event, levels in events.items() if levels & {"warning", "error", "exception"}}

    assert len(events) > 20
    assert documented <= set(events)
    assert severe <= mentioned


def test_every_alert_links_to_a_section_that_says_what_to_do() -> None:
    headings = sections(page("monitoring.md"))
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]

    for rule in rules:
        assert rule["annotations"]["runbook_url"] == f"deploy/docs/monitoring.md#{rule['alert'].lower()}"
        assert len(headings[rule["alert"]]) > 50


def warning_codes() -> set[str]:
    """Return the codes of all warnings that the parsers give: literal arguments, or constants, of calls that warn."""
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / "ingest" / "steps" / "parse").rglob("*.py"))]
    constants = {
        target.id: node.value.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    codes = set()
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if ast.unparse(call.func).rpartition(".")[2] in ("warn", "_warn", "ReportWarning"):
            for argument in call.args:
                name = ast.unparse(argument).rpartition(".")[2]
                value = argument.value if isinstance(argument, ast.Constant) else constants.get(name)
                codes |= {value} if isinstance(value, str) and WARNING_CODE.fullmatch(value) else set()
    return codes - set(get_args(Outcome))


def test_every_warning_code_is_documented_and_every_documented_code_exists() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", sections(page("text.md"))["Warnings"], re.MULTILINE))

    assert len(documented) > 10
    assert warning_codes() == documented
