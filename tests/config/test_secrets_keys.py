"""Where the keys of secrets come from."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.config import Settings, load_settings
from ingest.config.secrets_keys import GENERATED_FILE, load_secrets_keys
from ingest.errors import Refused
from ingest.secret_box import generate_key

KEY, OTHER = generate_key(), generate_key()


def test_a_data_folder_gets_a_key_of_its_own_that_only_its_owner_can_read(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: tuple(load_secrets_keys(settings)), range(32)))

    assert len(keys) == 1
    assert (settings.data / GENERATED_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.data.iterdir()] == [GENERATED_FILE]


def test_a_database_that_others_may_share_gets_no_key_of_this_machine(settings: Settings) -> None:
    shared = settings.model_copy(update={"database_url": "postgresql://db/ingest"})

    assert load_secrets_keys(shared) == []
    assert not (shared.data / GENERATED_FILE).exists()


def test_keys_come_from_the_setting_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n{OTHER}\n")

    assert load_secrets_keys(Settings(secrets_key=f"{KEY},{OTHER}")) == [KEY, OTHER]
    assert load_secrets_keys(Settings(secrets_key_file=tmp_path / "keys")) == [KEY, OTHER]


def test_a_wrong_key_is_refused_at_start_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="INGEST_SECRETS_KEY: a key is 32 bytes in base64") as refused:
        load_settings(secrets_key="not-a-key")
    assert "not-a-key" not in str(refused.value)

    (tmp_path / "keys").write_text("not-a-key")
    for file in (tmp_path / "keys", tmp_path / "missing"):
        with pytest.raises(Refused, match="cannot be read"):
            load_secrets_keys(Settings(secrets_key_file=file))
