"""A site, and a survey of it: a form for each. Address and access notes are never in the sentence for the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from typing_extensions import override

from protocols.api.sites import NewSurvey, SetSite, SiteView
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.site_forms import SUPPLIES, site_of, survey_of
from tui.site_lines import SUPPLY_WORDS


class SiteDialog(RotaForm[tuple[str, SetSite]]):
    """Returns a site's code and what it is to be, None when closed."""

    DOES: ClassVar[str] = "lay down"

    def __init__(self, actor: str, before: SiteView | None = None) -> None:
        rows = (
            Row(
                "address", "address", "never in the log; can be erased for good", before.address if before else "", 500
            ),
            Row("access", "access", "gates, hours, whom to ring", before.access if before else "", 500),
        )
        code = Row("site", "code", "as K7: says nothing of where it is", "", 12)
        super().__init__(rows if before else (code, *rows), f"Site {before.row.site}" if before else "New site")
        self._actor, self._before = actor, before

    @override
    def read(self, values: Mapping[str, str]) -> tuple[str, SetSite]:
        """See RotaForm."""
        return site_of(values, self._before)

    @override
    def sentence_of(self, result: tuple[str, SetSite]) -> str:
        """See RotaForm."""
        return f"site.set: {self._actor} lays down version {result[1].version + 1} of site {result[0]}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" Address and access are in no log, not even as a hash.", "muted"),)]


class SurveyDialog(RotaForm[NewSurvey]):
    """Returns what was found at a site, None when closed."""

    DOES: ClassVar[str] = "record"

    def __init__(self, actor: str, site: str, now: datetime, *, utc: bool) -> None:
        rows = (
            Row("supply", "supply", ", ".join(SUPPLIES), "", 12),
            Row("volts", "volts", "as 12.4, where it was measured", "", 6),
            Row("signals", "signals", "network, RSRP, SINR: O2 -98 6, EE -105", "", 200),
            Row("at", "measured", "now, -2h, 2026-11-21 14:00", "now", 30),
            Row("note", "note", "what else matters; no address", "", 200),
        )
        super().__init__(rows, f"Survey of site {site}")
        self._actor, self._site, self._now, self._utc = actor, site, now, utc

    @override
    def read(self, values: Mapping[str, str]) -> NewSurvey:
        """See RotaForm."""
        return survey_of(values, self._now, utc=self._utc)

    @override
    def sentence_of(self, result: NewSurvey) -> str:
        """See RotaForm."""
        return f"site.surveyed: {self._actor} surveyed site {self._site}, supply {SUPPLY_WORDS[result.supply]}"
