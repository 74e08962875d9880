"""`fleet alarm rules`: by which rules alarms are raised, and whom they page when."""

from cyclopts import App

from fleet.cli.door import Config, Json, ask
from fleet.cli.output import print_facts, print_json, print_line, print_table
from fleet.cli.rota_files import InFile, read_document
from fleet.client import FleetClient
from protocols.alarms import AlarmRules, EventRule, FigureRule, Rule
from protocols.api.alarms import AlarmRulesView
from protocols.figures import figure_text
from protocols.health import QUANTITIES
from protocols.words import duration

app = App(name="rules", help="The rules of alarms: show, set.")


@app.command
def show(*, client: Config = None, json: Json = False) -> None:
    """Show the rules in force. What --json prints under "rules" is what `set` reads."""
    found = ask(client, lambda door: door.alarm_rules())
    if json:
        print_json(found)
        return
    policy = found.rules.policy
    print_facts(
        [
            ("version", found.version or "the defaults"),
            ("changed", found.changed_at),
            ("by", found.changed_by),
            ("secondary", f"after {duration(policy.secondary_after_s)}"),
            ("supervisors", f"after {duration(policy.supervisor_after_s)}"),
            ("again", f"every {duration(policy.repeat_every_s)}"),
            ("rota", policy.rota or "the only one"),
        ]
    )
    print_line("")
    rows = [(one.rule, one.severity, one.pages, words_of(one)) for one in found.rules.rules]
    print_table(
        ("rule", "severity", "pages", "raised by"), rows, empty="no rule: nothing is raised", free=["raised by"]
    )


@app.command(name="set")
def set_(file: InFile, *, client: Config = None, json: Json = False) -> None:
    """Lay down the rules in a JSON file, in place of those in force."""
    rules = read_document(file, AlarmRules, "rules of alarms")

    async def lay(door: FleetClient) -> AlarmRulesView:
        return await door.set_alarm_rules(rules, (await door.alarm_rules()).version)

    done = ask(client, lay)
    if json:
        print_json(done)
    else:
        print_line(f"version {done.version} of the rules is in force: {len(done.rules.rules)} rules")


def words_of(rule: Rule) -> str:
    """When a rule raises its alarm, in words."""
    if isinstance(rule, EventRule):
        kinds = ", ".join(rule.kinds) or "any that no other rule names"
        return f"events of severity alarm, source {rule.source}: {kinds}"
    for_ = "" if rule.raise_after_s == 0 else f" for {duration(rule.raise_after_s)}"
    if not isinstance(rule, FigureRule):
        return f"a unit is {rule.presence}{for_}"
    label = QUANTITIES[rule.figure].label
    if rule.comparison == "is":
        return f"{label} is {figure_text(rule.figure, rule.word)}{for_}"
    limits = f"{figure_text(rule.figure, rule.raise_at)}{for_}, over at {figure_text(rule.figure, rule.clear_at)}"
    return f"{label} {rule.comparison} {limits}"
