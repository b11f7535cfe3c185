"""`make pin-images`: write the digest of every image of others into compose.yaml and the Dockerfile, as NAME:TAG@sha256:...

The digest of a tag is asked of its registry with skopeo, or with `docker buildx imagetools` where skopeo is not installed. A
digest names the list of all platforms, so the pinned files work on each of them. Run it again to follow the tags. Exit code 1:
a digest cannot be found out; no file is changed then.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

DEPLOY = Path(__file__).parent
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PINNED = r"(?:@sha256:[0-9a-f]{64})?"
PLACES = {
    "compose.yaml": [re.compile(rf"^(?P<before> +image: )(?P<image>(?!ingest:)[^\s@]+){_PINNED}$", re.MULTILINE)],
    "Dockerfile": [re.compile(rf"^(?P<before>ARG PYTHON=)(?P<image>[^\s@]+){_PINNED}$", re.MULTILINE)],
}
"""By file: where an image stands, with or without a digest."""

PREFIXES = {"Dockerfile": "python:"}
"""What stands before the text of an image where it is used."""

TIMEOUT_SECONDS = 60


class Unknown(Exception):
    """A digest cannot be found out; the text says why."""


def resolve(image: str) -> str:
    """Ask the registry for the digest of an image. Raises Unknown."""
    if shutil.which("skopeo"):
        command = ["skopeo", "inspect", "--raw", f"docker://{_full_name(image)}"]
        return _digest_of(_output(command))
    if shutil.which("docker"):
        command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
        return _checked(image, _output(command).decode(errors="replace").strip())
    raise Unknown("neither skopeo nor docker is installed")


def pin(folder: Path, resolver: Callable[[str], str]) -> dict[str, str]:
    """Write digests into the files of a folder and return them by image. Raises Unknown before any file is changed."""
    digests: dict[str, str] = {}
    texts: dict[Path, str] = {}
    for name, patterns in PLACES.items():
        path = folder / name
        texts[path] = path.read_text()
        for pattern in patterns:
            for found in pattern.finditer(texts[path]):
                image = PREFIXES.get(name, "") + found["image"]
                if image not in digests:
                    digests[image] = _checked(image, resolver(image))
            texts[path] = pattern.sub(
                lambda m, name=name: f"{m['before']}{m['image']}@{digests[PREFIXES.get(name, '') + m['image']]}",  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                texts[path],
            )
    for path, text in texts.items():
        path.write_text(text)
    return digests


def _full_name(image: str) -> str:
    """Return the name with registry and folder: `postgres:17` is in docker.io/library."""
    if "/" not in image:
        return f"docker.io/library/{image}"
    return image if "." in image.split("/")[0] else f"docker.io/{image}"


def _output(command: list[str]) -> bytes:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Unknown(f"{command[0]}: {exc}") from exc
    if done.returncode != 0:
        raise Unknown(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _digest_of(manifest: bytes) -> str:
    """Return the digest of a manifest: the hash of its bytes."""
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def _checked(image: str, digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise Unknown(f"{image}: '{digest}' is no digest")
    return digest


def main() -> int:
    try:
        digests = pin(DEPLOY, resolve)
    except Unknown as exc:
        print(f"no image is pinned: {exc}", file=sys.stderr)
        return 1
    for image, digest in digests.items():
        print(f"{image}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
