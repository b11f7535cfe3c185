"""The options of an import."""

from pathlib import Path

from tests.imports.scenes import make_options


def test_sources_are_keys_that_do_not_depend_on_the_spelling(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "docs")

    options = make_options(tmp_path, tmp_path / "link", manifests=[tmp_path / "sub" / ".." / "list.txt"])

    assert options.sources == [str(tmp_path / "docs"), str(tmp_path / "list.txt")]
