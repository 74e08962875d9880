"""Where the client's settings come from, and what is refused."""

from pathlib import Path

import pytest

from fleet.client.errors import InvalidClientSettings
from fleet.client.settings import default_settings_path, load_client_settings

WHOLE = 'url = "https://fleet.example:8443/"\nca_file = "root.crt"\nperson = "TO-12"\n'


def test_file_environment_and_options_in_that_order(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text(WHOLE + 'key_file = "/keys/mine"\n')
    settings = load_client_settings(
        path,
        {"person": "TO-14", "url": None},
        {"MUSTER_CLIENT_PERSON": "TO-13", "MUSTER_CLIENT_CA_FILE": "/etc/muster/root.crt", "HOME": "/nowhere"},
    )
    assert settings.url == "https://fleet.example:8443"
    assert settings.person == "TO-14"
    assert settings.ca_file == Path("/etc/muster/root.crt")
    assert settings.key_file == Path("/keys/mine")


def test_relative_paths_are_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text(WHOLE)
    assert load_client_settings(path, environment={}).ca_file == tmp_path / "root.crt"


def test_default_file_may_be_absent_when_the_environment_says_all(tmp_path: Path) -> None:
    environment = {
        "XDG_CONFIG_HOME": str(tmp_path),
        "MUSTER_CLIENT_URL": "https://127.0.0.1:8443",
        "MUSTER_CLIENT_CA_FILE": "/root.crt",
        "MUSTER_CLIENT_PERSON": "TO-12",
    }
    assert default_settings_path(environment) == tmp_path / "muster" / "client.toml"
    assert load_client_settings(environment=environment).person == "TO-12"


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(WHOLE)
    assert load_client_settings(environment={"MUSTER_CLIENT_CONFIG": str(path)}).person == "TO-12"
    with pytest.raises(InvalidClientSettings, match="no such file"):
        load_client_settings(environment={"MUSTER_CLIENT_CONFIG": str(tmp_path / "absent.toml")})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE + "colour = 3\n", "unknown colour"),
        (WHOLE.replace("TO-12", "Jane"), "not a person id"),
        (WHOLE.replace("https", "http"), "not an https address"),
        (WHOLE.replace('person = "TO-12"', ""), "person not set"),
        (WHOLE.replace('"TO-12"', "12"), "person"),
        ("url = ", "can not be read"),
    ],
)
def test_refused_with_what_to_change(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "client.toml"
    path.write_text(text)
    with pytest.raises(InvalidClientSettings, match=said) as caught:
        load_client_settings(path, environment={})
    assert caught.value.source == str(path)


def test_refuses_an_unknown_variable_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidClientSettings, match="unknown urll"):
        load_client_settings(environment={"MUSTER_CLIENT_URLL": "x", "XDG_CONFIG_HOME": str(tmp_path)})
    with pytest.raises(InvalidClientSettings, match="no such file"):
        load_client_settings(tmp_path / "absent.toml", environment={})
