"""What was parsed of the console's styles stays, until the theme's colours are others."""

from tui.stylesheet import ParsedOnce

WORDS = "Label { color: $word; }"


def _colour(sheet: ParsedOnce) -> str:
    return sheet.rules[0].styles.color.hex


def test_what_was_parsed_is_not_parsed_again_until_a_colour_is_another() -> None:
    sheet = ParsedOnce(variables={"word": "#102030"})
    sheet.add_source(WORDS, ("words.tcss", ""))
    [first] = sheet.rules
    sheet.add_source("Static { width: 3; }", ("more.tcss", ""))
    sheet.set_variables({"word": "#102030"})
    sheet.reparse()
    assert sheet.rules[0] is first
    assert len(sheet.rules) == 2
    sheet.set_variables({"word": "#405060"})
    sheet.reparse()
    assert _colour(sheet) == "#405060"
