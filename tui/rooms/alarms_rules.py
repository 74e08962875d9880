"""Alarm rules: those in force, in their order; changed by who manages alarms."""

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.alarms import EventRule, FigureRule, PagingPolicy, PresenceRule, Rule
from protocols.api.alarms import AlarmRulesView, SetAlarmRules
from tui.alarm_forms import with_rule, without_rule
from tui.alarm_rule_lines import rule_detail, rule_line, rules_title
from tui.dialogs.alarm_forms import PolicyDialog, RuleDialog, rules_sentence
from tui.dialogs.choice import ChoiceDialog, Option
from tui.dialogs.confirm import ConfirmDialog
from tui.paint import Line, Span
from tui.role_words import Reserved
from tui.rooms.alarms_books import AlarmBooksRoom
from tui.rooms.listing_room import ListingRoom
from tui.rota_forms import Unclear

_SAMPLES: dict[str, Rule] = {
    "figure": FigureRule(rule="new", figure="soc_temp_c", comparison="above", raise_at=80, clear_at=75),
    "presence": PresenceRule(rule="new", presence="quiet"),
    "event": EventRule(rule="new"),
}


class AlarmRulesRoom(ListingRoom[Rule], AlarmBooksRoom):
    """The rules in force, in their order; changed by who manages alarms."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "change_rule", "change"),
        Binding("n", "new_rule", "new rule"),
        Binding("x", "remove", "remove"),
        Binding("p", "policy", "paging", tooltip="whom an alarm pages when"),
        Binding("escape", "back", "back"),
    ]
    RESERVED: ClassVar[Mapping[str, Reserved]] = {
        action: Reserved("changing alarm rules", "manage-alarms")
        for action in ("change_rule", "new_rule", "remove", "policy")
    }

    def __init__(self) -> None:
        super().__init__()
        self._view: AlarmRulesView | None = None

    @override
    def ask_anew(self, *, background: bool = False) -> None:
        """See FollowingRoom."""
        self.ask("rules", self.desk.door.alarm_rules, self._arrived, background=background)

    def _arrived(self, view: AlarmRulesView) -> None:
        self._view = view
        self.show_items(list(view.rules.rules))

    @override
    def key_of(self, item: Rule) -> str:
        """See ListingRoom."""
        return item.rule

    @override
    def item_line(self, item: Rule, width: int) -> Line:
        """See ListingRoom."""
        return rule_line(item, width)

    @override
    def detail_lines(self, item: Rule) -> list[Line]:
        """See ListingRoom."""
        policy = self._view.rules.policy if self._view is not None else PagingPolicy()
        return rule_detail(item, policy, max(20, self.size.width))

    @override
    def title_line(self) -> Line:
        """See ListingRoom."""
        clock = self.desk.server_clock
        return rules_title(self._view, clock.now(), utc=clock.utc)

    @override
    def instead(self) -> list[Line]:
        """See ListingRoom."""
        return [(Span("There is no rule: nothing raises an alarm but welfare and deadlines.", "fair"),)]

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the rule under the cursor."""
        known = self._view is not None or action not in self.RESERVED
        return known and self.allows(action) and (action not in {"change_rule", "remove"} or self.chosen is not None)

    def action_change_rule(self) -> None:
        """Change the rule under the cursor."""
        view, rule = self._view, self.chosen
        if view is not None and rule is not None:
            dialog = RuleDialog(self.me, rule, view.version, is_new=False)
            self.app.push_screen(dialog, lambda changed: self._changed(changed, rule.rule))

    async def action_new_rule(self) -> None:
        """Lay down another rule, after the others."""
        options = [
            Option("f", "a figure of health", "above, below, is", "figure"),
            Option("p", "a unit that says nothing", "stale, quiet", "presence"),
            Option("e", "an alarm event", "of a kind", "event"),
        ]
        await self.app.push_screen(ChoiceDialog("A rule about", options), self._new_rule)

    def _new_rule(self, kind: str | None) -> None:
        if kind is not None and self._view is not None:
            dialog = RuleDialog(self.me, _SAMPLES[kind], self._view.version, is_new=True)
            self.app.push_screen(dialog, lambda rule: self._changed(rule, None))

    def _changed(self, rule: Rule | None, in_place_of: str | None) -> None:
        if rule is None or self._view is None:
            return
        try:
            change = with_rule(self._view.rules, rule, in_place_of, self._view.version)
        except Unclear as unclear:
            self.desk.say(unclear.says, "bad")
        else:
            self._lay_down(change, f"rule {rule.rule} is laid down")

    def action_remove(self) -> None:
        """Take the rule under the cursor away."""
        view, rule = self._view, self.chosen
        if view is None or rule is None:
            return
        change = without_rule(view.rules, rule.rule, view.version)
        before: list[Line] = [(Span(f" {rule.rule} raises nothing any more; its open alarm stays until it is taken."),)]
        sentence = rules_sentence(self.me, view.version, f"without {rule.rule}")

        def answered(answer: bool | None) -> None:
            if answer:
                self._lay_down(change, f"rule {rule.rule} is gone")

        self.app.push_screen(ConfirmDialog(f"Remove rule {rule.rule}", before, sentence), answered)

    def action_policy(self) -> None:
        """Whom an alarm pages when."""
        view = self._view
        if view is not None:
            self.app.push_screen(PolicyDialog(self.me, view.rules.policy, view.version), self._policy)

    def _policy(self, policy: PagingPolicy | None) -> None:
        view = self._view
        if policy is not None and view is not None:
            rules = type(view.rules)(rules=view.rules.rules, policy=policy)
            self._lay_down(SetAlarmRules(version=view.version, rules=rules), "paging is laid down")

    def _lay_down(self, change: SetAlarmRules, said: str) -> None:
        door = self.desk.door
        self.do(
            "laying the rules down",
            lambda: door.set_alarm_rules(change.rules, change.version),
            lambda _view: self.done(said),
        )
