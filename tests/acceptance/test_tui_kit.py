"""Kit in the console, over a real controller: lay down, add, scan out and in, see to it, look at a site."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.kit import KitModel
from tests.support.kit_house import add, deployment, kit_house
from tests.support.rota_house import RotaHouse
from tests.unit.tui.seen_console import SeenConsole, seen_console


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def to_kit(screen: SeenConsole, *words: str) -> None:
    await screen.press("6")
    await screen.sees("KIT  ", *words)


async def test_labels_are_scanned_one_after_the_other_and_each_tells_what_came_of_it(
    house: RotaHouse, tmp_path: Path
) -> None:
    first, second, bad = [await add(house) for _ in range(3)]
    which = await deployment(house)
    await house["TO-12"].change_kit_service(bad, "quarantined", "a loose cell")
    async with seen_console(house["TO-12"], tmp_path) as screen:
        await to_kit(screen, "KIT  3   2 available  1 quarantined", first, "STORE-1")
        await screen.press("s")
        await screen.sees(" out ", "for the bench", "kit.moved: TO-12 takes K-… for the bench")
        await screen.press(*which, "enter")
        await screen.sees(f"for {which}")
        await screen.press(*first, "enter", *f"{int(second[2:])} worn a clip is loose", "enter", *bad, "enter")
        await screen.sees("is out with TO-12 for", "REFUSED", f"{bad} is quarantined", "nothing is left to scan out")
        await screen.sees("have it released, or take another; who decides: a")
        assert (await house["TO-12"].kit_item(second)).row.condition == "worn"
        await screen.press("tab", *first, "enter")
        await screen.sees("puts K-… back to where it lay last", "is in STORE-1, and SU-01")
        await screen.press("ctrl+t")
        await screen.sees("Back to where?", "VAN-2  the blue van")
        await screen.press("2", *second, "enter")
        await screen.sees("is in VAN-2, and TO-11", "nothing is left to scan in")
        assert all(len(line) <= 80 for line in screen.lines)
        await screen.press("escape", "slash", *"van-2", "enter")
        await screen.sees("KIT  1 of 3", second, "worn")


async def test_an_item_is_seen_to_from_its_page(house: RotaHouse, tmp_path: Path) -> None:
    item = await add(house, serial="B-77")
    async with seen_console(house["SU-01"], tmp_path) as screen:
        await to_kit(screen, item)
        await screen.press("enter")
        await screen.sees("Battery 12 V 40 Ah", "B-77", "capacity never read", "WHO HAD IT", "new to SU-01")
        await screen.press("r", "tab", *"42", "enter")
        await screen.sees(f"{item} reads 42 battery_cycles", "42 cycles · ", "read by SU-01", "58 cycles left")
        await screen.press("t", "tab", "tab", *"42", "enter")
        await screen.sees(f"capacity of {item} is done", "100 cycles left", "capacity done by SU-01 at 42")
        await screen.press("v", "tab", *"it smells", "enter")
        await screen.sees(f"{item} is quarantined", "quarantined")
        await screen.press("v", *"disposed")
        await screen.press("tab", *"burnt out", "enter")
        await screen.sees(f"{item} is disposed", "gone")
        await screen.press("l")
        await screen.sees("LABEL", item, "█")
        await screen.press("escape", "escape", "f")
        await screen.sees("Only those that are", "gone")
        await screen.press("9")
        await screen.sees("KIT  1 of 1", "only gone")


async def test_what_runs_low_is_said_in_words_and_places_are_kept(house: RotaHouse, tmp_path: Path) -> None:
    async with seen_console(house["SU-01"], tmp_path) as screen:
        await to_kit(screen, "No kit is on the books")
        await screen.press("m")
        await screen.sees("MODELS AND STOCK  3", "2 LOW", "Blade fuse 10 A")
        await screen.press("slash", *"fuse", "enter", "plus", *"+30", "enter")
        await screen.sees("30 fuse-10a now", "1 LOW")
        await screen.press("n", *"lens-50", "tab", *"lens", "tab", "tab", *"Lens 50 mm", "tab", "tab", "tab")
        await screen.press(*"clean 90 d OP016 clean both sides", "enter")
        await screen.sees("lens-50 is laid down")
        models: list[KitModel] = [view.model for view in await house["SU-01"].kit_models()]
        (lens,) = [one for one in models if one.model == "lens-50"]
        assert (lens.kind, lens.maintenance[0].procedure, lens.maintenance[0].every_days) == ("lens", "OP016", 90)
        await screen.press("escape", "escape", "P")
        await screen.sees("STORES, VANS AND BENCHES  2", "kept by TO-11")
        await screen.press("escape", "n", *"lens-50", "tab", "tab", *"van-2", "enter")
        await screen.sees("a lens-50 is on the books", "K-0001", "available")


async def test_a_sites_address_is_shown_only_after_the_sentence_for_the_log(house: RotaHouse, tmp_path: Path) -> None:
    async with seen_console(house["SU-01"], tmp_path) as screen:
        await to_kit(screen)
        await screen.press("o")
        await screen.sees("SITES  0", "codes only")
        await screen.press("n", *"k7", "tab", *"1 High St", "tab", *"ring first", "enter")
        await screen.sees("site K7 is laid down", "never")
        assert "High St" not in screen.text
        await screen.press("enter")
        await screen.sees("goes into the log", "site.consulted: SU-01 reads the address")
        assert "High St" not in screen.text
        await screen.press("y")
        await screen.sees("1 High St", "ring first", "nobody has been there to measure")
        await screen.press("s", *"mains", "tab", *"229.5", "tab", *"O2 -98 6", "enter")
        await screen.sees("mains 229.5 V", "−98 dBm fair", "SINR 6 dB")
        await screen.press("x")
        await screen.sees("site.erased: SU-01 erases", "gone for good")
        await screen.press("y")
        await screen.sees("were erased", "mains 229.5 V")
        assert "High St" not in screen.text
