"""Where pages may go, what they say, which rule an event goes by, and when alarming is dead."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fleet.alarms.rules.addresses import Allowed, masked, refusal, webhook_of
from fleet.alarms.rules.events import event_rule, rota_of_gap
from fleet.alarms.rules.message import MOST_SAID, Said, page_message
from fleet.alarms.rules.standing import standing
from fleet.settings import AlarmSettings
from fleet.store.alarm_pages import ClaimedPage, StoredLink
from fleet.store.alarm_people import StoredContact
from protocols.alarms import DEFAULT_RULES, AlarmRules, EventRule, PagingPolicy
from protocols.api.alarms import ContactView, NewContact

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ALLOWED = Allowed(mail=True, mail_domains=("unit.example",), webhook_hosts=("hooks.example", "127.0.0.1:8080"))
SECRET = "https://hooks.example/very-secret"


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://hooks.example/a?b=c", True),
        ("http://127.0.0.1:8080/", True),
        ("http://127.0.0.1:8081/", False),
        ("https://hooks.example:444/", False),
        ("http://hooks.example/", False),
        ("https://hooks.example.evil.example/", False),
        ("https://hooks.example@evil.example/", False),
        ("https://user:word@hooks.example/", False),
        ("https://hooks.example/#part", False),
        ("https://hooks.example\\@evil.example/", False),
        ("file:///etc/passwd", False),
        ("https://[::1]:99999/", False),
        ("https:///path", False),
        ("https://hooks.example/\u202e", False),
    ],
)
def test_webhooks_lead_only_where_the_settings_allow(address: str, fits: bool) -> None:
    assert (refusal("webhook", address, ALLOWED) == "") is fits
    assert address not in refusal("webhook", address, ALLOWED)


def test_mail_goes_to_addresses_of_allowed_domains() -> None:
    assert refusal("e-mail", "jo.b@unit.example", ALLOWED) == ""
    assert "domain" in refusal("e-mail", "jo@elsewhere.example", ALLOWED)
    for address in ("jo", "jo@", "a@b,c@unit.example", "jo@unit.example\nbcc: x@y.zz", "<jo@unit.example>"):
        assert refusal("e-mail", address, ALLOWED) == "that is no e-mail address"
    assert refusal("e-mail", "jo@unit.example", Allowed(mail=False, mail_domains=(), webhook_hosts=())) != ""


def test_others_see_addresses_masked_and_nothing_repeats_them() -> None:
    assert masked("e-mail", "jo.b@mail.unit.example") == "j…@m….example"
    assert masked("webhook", "https://hooks.example/secret") == "https://h….example/…"
    assert masked("e-mail", "") == ""
    webhook = webhook_of("https://hooks.example/a?b=c")
    assert webhook is not None
    assert (webhook.secure, webhook.host, webhook.port, webhook.path) == (True, "hooks.example", None, "/a?b=c")
    contact = StoredContact(contact_id="CT-1", person_id="TO-12", channel="webhook", address=SECRET, added_at=NOW)
    shown = ContactView(
        contact="CT-1", person="TO-12", channel="webhook", address=SECRET, added_at=NOW, tested_at=None, works=None,
        withdrawn_at=None,
    )  # fmt: skip
    page = ClaimedPage(
        page_id=1, alarm_id="AL-1", person_id="TO-12", level=0, round=0, tries=1, contact_id="CT-1", channel="webhook",
        address=SECRET,
    )  # fmt: skip
    link = StoredLink(token_sha256=b"0" * 32, alarm_id="AL-1", person_id="TO-12", expires_at=NOW, used_at=None)
    for thing in (contact, shown, page, NewContact(channel="webhook", address=SECRET)):
        assert "secret" not in repr(thing)
    assert "000" not in repr(link)


def said(number: int = 0, **changes: object) -> Said:
    fields: dict[str, object] = {
        "alarm_id": f"AL-{number:012x}",
        "label": "Van 3",
        "kind": "storage-read-only",
        "severity": "alarm",
        "deployment": "DEP-12",
        "summary": "storage read-only yes",
        "raised_at": NOW - timedelta(minutes=2),
        "times": 1,
        "level": 0,
        "again": False,
        "link": f"https://c.example/ack/{number}",
    }
    return Said(**{**fields, **changes})  # type: ignore[arg-type] # fields by name


def test_a_page_says_what_when_for_what_and_what_to_do() -> None:
    message = page_message([said(times=3)], 24, NOW)
    assert message.title == "ALARM Van 3: storage read only (DEP-12)"
    for part in ("2 min ago", "02:58 UTC", "3 times", "storage read-only yes", "paged as primary", "/ack/0", "24 h"):
        assert part in message.body


def test_many_alarms_are_one_page_with_the_worst_first() -> None:
    many = [said(number, severity="warning") for number in range(MOST_SAID + 3)]
    message = page_message([*many, said(99, label="Mast")], 24, NOW)
    assert message.title.startswith("ALARM Mast: storage read only (DEP-12) and 13 more")
    assert f"… and {len(many) + 1 - MOST_SAID} more" in message.body
    assert "\n" not in page_message([said(label="a\nb\x1b[2J")], 24, NOW).title


def test_the_first_rule_that_names_a_kind_counts_before_those_for_any() -> None:
    rules = [rule for rule in DEFAULT_RULES.rules if isinstance(rule, EventRule)]
    found = [event_rule(rules, *of) for of in (("unit", "tamper"), ("unit", "supply"), ("controller", "cover-gap"))]
    assert [one and (one.rule, one.pages) for one in found] == [
        ("tamper", "always"),
        ("units-events", "deployed"),
        ("cover-gap", "never"),
    ]
    assert event_rule([], "unit", "tamper") is None
    assert rota_of_gap("cover-gap", "cover-gap:technical:primary:x") == "technical"
    assert rota_of_gap("other", "cover-gap:technical:primary:x") is None


def test_alarming_is_dead_without_rounds_and_without_anybody_who_sends() -> None:
    def at(seconds: float) -> datetime:
        return NOW - timedelta(seconds=seconds)

    assert standing(None, None, NOW) == "dead"
    assert [standing(at(one), None, NOW) for one in (0, 44, 45, 89, 90)] == ["alive", "alive", "late", "late", "dead"]
    assert [standing(at(1), at(one), NOW) for one in (-5, 10, 60, 95)] == ["alive", "alive", "late", "dead"]


@pytest.mark.parametrize(
    "text",
    [
        '{"rules": [{"type": "figure", "rule": "x", "figure": "nothing", "comparison": "is", "word": true}]}',
        '{"rules": [{"type": "figure", "rule": "x", "figure": "soc_temp_c", "comparison": "is"}]}',
        '{"rules": [{"type": "figure", "rule": "x", "figure": "soc_temp_c", "comparison": "above", "raise_at": 1}]}',
        '{"rules": [{"type":"figure","rule":"x","figure":"load_1m","comparison":"above","raise_at":1,"clear_at":2}]}',
        '{"rules": [{"type": "event", "rule": "x"}, {"type": "event", "rule": "x"}]}',
        '{"policy": {"secondary_after_s": 600, "supervisor_after_s": 300}}',
    ],
)
def test_rules_that_make_no_sense_are_refused_where_they_are_read(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=AlarmRules)


def test_settings_that_would_send_in_the_clear_are_refused() -> None:
    assert PagingPolicy().repeat_every_s == 900
    AlarmSettings(smtp_host="localhost", smtp_mode="insecure")
    with pytest.raises(ValueError, match="this machine"):
        AlarmSettings(smtp_host="mail.example", smtp_mode="insecure")
    with pytest.raises(ValueError, match="belong together"):
        AlarmSettings(smtp_user="muster")
