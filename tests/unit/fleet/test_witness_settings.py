"""What the settings say of witnesses and time-stamping."""

from pathlib import Path

import pytest

from fleet.errors import SettingsInvalid
from fleet.settings import LogSettings, load_settings

BEGIN = 'state_dir = "/s"\n[database]\ndsn = "postgresql:///m"\n'
WITNESS = '[[log.witnesses]]\nname = "{0}"\nurl = "https://{0}.example:8445"\nca_file = "/etc/muster/{0}.crt"\n'


def loaded(tmp_path: Path, text: str) -> LogSettings:
    path = tmp_path / "fleet.toml"
    path.write_text(BEGIN + text)
    return load_settings(path, {}).log


def test_a_log_has_no_witnesses_until_they_are_named(tmp_path: Path) -> None:
    log = loaded(tmp_path, "")
    assert (log.witnesses, log.checkpoint_every_s, log.poll_ms, log.timestamp_url) == ([], 60, 40, None)


def test_witnesses_are_read_in_their_order(tmp_path: Path) -> None:
    log = loaded(tmp_path, WITNESS.format("north") + WITNESS.format("south"))
    assert [(each.name, each.url) for each in log.witnesses] == [
        ("north", "https://north.example:8445"),
        ("south", "https://south.example:8445"),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (WITNESS.format("north") * 2, "same name"),
        (WITNESS.format("north").replace("https", "http"), "url"),
        (WITNESS.format("no rth"), "name"),
        ("".join(WITNESS.format(f"w{number}") for number in range(16)), "witnesses"),
        ('[log]\ntimestamp_url = "http://tsa.example/"\n', "belong together"),
        ('[log]\ntimestamp_ca_file = "/etc/tsa.pem"\n', "belong together"),
        ('[log]\ntimestamp_url = "ftp://tsa.example"\ntimestamp_ca_file = "/c"\n', "timestamp_url"),
        ("[log]\npoll_ms = 0\n", "poll_ms"),
        ("[log]\ncheckpoint_every_s = 0\n", "checkpoint_every_s"),
        ("[log]\nwitness_limit_s = 0\n", "witness_limit_s"),
    ],
)
def test_what_can_not_be_used_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named):
        loaded(tmp_path, text)
