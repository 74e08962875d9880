"""The controller's settings file."""

from pathlib import Path

import pytest

from fleet.errors import SettingsInvalid
from fleet.settings import load_settings

LEAST = 'state_dir = "/var/lib/muster"\n[database]\ndsn = "postgresql:///muster"\n'


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    return path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = _written(tmp_path, LEAST + "[api]\nport = 1000\n")
    environment = {
        "MUSTER_API__PORT": "2000",
        "MUSTER_ALARMS__WEBHOOK_HOSTS": '["hooks.example", "127.0.0.1"]',
        "MUSTER_CONFIG": "elsewhere",
        "MUSTER_CLIENT_URL": "x",
        "HOME": "/",
    }
    settings = load_settings(path, environment)
    assert settings.api.port == 2000
    assert settings.api.idle_minutes == 15
    assert settings.alarms.webhook_hosts == ["hooks.example", "127.0.0.1"]


def test_the_thresholds_of_wiring_are_settings_and_what_keeps_people_safe_is_none(tmp_path: Path) -> None:
    path = _written(tmp_path, LEAST + "[wiring]\ndrop_max_percent = 2\n")
    wiring = load_settings(path, {"MUSTER_WIRING__KIT_DRAIN_MAX_MA": "30"}).wiring
    assert (wiring.drop_max_percent, wiring.kit_drain_max_ma, wiring.drop_max_v) == (2.0, 30.0, 0.5)
    for key in ("can_listen_only", "fuse_protects_cable", "obd_pin_max_a"):
        with pytest.raises(SettingsInvalid, match=key):
            load_settings(_written(tmp_path, LEAST + f"[wiring]\n{key} = 1\n"), {})


@pytest.mark.parametrize(
    ("text", "environment", "named"),
    [
        (LEAST + "[api]\nprot = 1\n", {}, "prot"),
        (LEAST, {"MUSTER_API__PROT": "1"}, "prot"),
        (LEAST, {"MUSTER_STATE_DIR__X": "1"}, "state_dir"),
        (LEAST, {"MUSTER_API__NAMES": "[fleet.example]"}, "MUSTER_API__NAMES"),
        (LEAST + "[api]\nport = 70000\n", {}, "api.port"),
        ("state_dir = 1 = 2", {}, "TOML"),
        ("", {}, "state_dir"),
    ],
)
def test_what_can_not_be_used_is_named(tmp_path: Path, text: str, environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named):
        load_settings(_written(tmp_path, text), environment)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="can not be read"):
        load_settings(tmp_path / "none.toml", {})


def test_settings_never_show_the_database_password(tmp_path: Path) -> None:
    settings = load_settings(_written(tmp_path, LEAST), {"MUSTER_DATABASE__DSN": "postgresql://muster:hunter2@db/x"})
    assert "hunter2" not in repr(settings)
