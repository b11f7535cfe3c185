"""`make audit`: look up known vulnerabilities of the image's packages with pip-audit, in an environment of its own.

Exit code 0: none is known; 1: some are known; 2: none is known, but some packages could not be looked up. Packages that
could not be looked up are always listed.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "audit"
LOCK = ROOT / "deploy" / "runtime.lock"
SHOWN = 5


def main(folder: Path) -> int:
    """Look up every package of the lock file. pip-audit is installed into `folder`, which also gets its log."""
    log = folder / "log"
    if not (folder / "bin" / "pip-audit").exists() and not _installed(folder, log):
        return _cannot(f"pip-audit cannot be installed from the index that pip is told to use; {log} says why")
    command = [
        str(folder / "bin" / "pip-audit"), "--requirement", str(LOCK), "--disable-pip", "--require-hashes",
        "--progress-spinner", "off", "--format", "json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log.write_text(done.stderr)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return _cannot(f"the database of vulnerabilities does not answer ({last[:200]}); {log} has all of it")
    return _told(packages)


def _installed(folder: Path, log: Path) -> bool:
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
    done = subprocess.run([*pip, "install", "--quiet", "pip-audit"], capture_output=True, text=True, check=False)
    log.write_text(done.stderr)
    return done.returncode == 0


def _told(packages: list[dict[str, Any]]) -> int:
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [(package, each) for package in packages for each in package.get("vulns", ())]
    for package, each in found:
        better = ", ".join(each.get("fix_versions", ())) or "no version yet"
        print(f"{package['name']} {package['version']}: {each['id']}, mended in {better}")
    looked_up = len(packages) - len(unknown)
    if not looked_up:
        return _cannot(f"the database of vulnerabilities knows none of the {len(packages)} packages: is it a mirror?")
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        _cannot(
            f"of {len(packages)} packages these could not be looked up: {', '.join(unknown[:SHOWN])}{more}", "theirs"
        )
    if found or unknown:
        return 1 if found else 2
    print(f"No vulnerability is known of the {looked_up} packages.")
    return 0


def _cannot(why: str, what: str = "vulnerabilities") -> int:
    print(f"make audit: {why}. Nothing is said about {what}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
