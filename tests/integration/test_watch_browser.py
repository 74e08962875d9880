"""A whole fleet, a real browser: the page of a check plays what the camera shows, and goes dark with its mandate."""

import base64
import ssl
import sys
import time
from pathlib import Path

import httpx
import pytest

from edge_agent.media.synthetic.counter import read_counter
from tests.support.chromium import Tab, chromium
from tests.support.open_house import open_house
from tests.support.open_house_papers import authority, begin, mandate, stands, watching
from tests.support.waiting import until

DARK_LIMIT_S = 10.0
"""Generous, as the machine may be busy: the aim is 2 s, and `tests.openings.cancel` measures it."""

PICTURE = """(() => {
  const video = document.getElementById("video");
  if (!video || !video.videoWidth || video.hidden) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let luma = "";
  for (let at = 1; at < pixels.length; at += 4) luma += String.fromCharCode(pixels[at]);
  return [canvas.width, canvas.height, btoa(luma)];
})()"""
"""Width, height and the green of each pixel shown now: the strip of the frame counter is without colour."""
DARK = """document.getElementById("video").hidden && document.getElementById("video").srcObject === null
    && document.body.innerText.includes("CLOSED")"""
FOREIGN = """performance.getEntriesByType("resource").map(one => one.name)
    .filter(name => new URL(name).origin !== location.origin)"""


async def number_shown(tab: Tab) -> int | None:
    """The camera's frame number in the picture that the page shows; None while there is none."""
    shown = await tab.evaluate(PICTURE)
    if shown is None:
        return None
    width, height, luma = shown
    return read_counter(base64.b64decode(luma), width, height)


async def number_after(tab: Tab, number: int) -> int:
    """A frame number shown that is higher; raises TimeoutError."""
    found: list[int] = []

    async def there() -> bool:
        shown = await number_shown(tab)
        if shown is not None and shown > number:
            found.append(shown)
        return bool(found)

    await until(there)
    return found[0]


@pytest.mark.long
async def test_a_browser_plays_the_camera_by_a_link_that_is_good_once_and_goes_dark_when_the_mandate_is_cancelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with open_house() as house, chromium() as tab:
        allowed = await mandate(house, house.unit, await authority(house))
        opening = (await begin(house, house.unit, allowed, "video", "audio")).opening
        async with watching(house, opening) as terminal:
            await terminal.sees()
        link = (await house.door.watch_link(opening)).url
        await tab.open(link)
        numbers = [await number_after(tab, -1)]
        for _ in range(5):
            numbers.append(await number_after(tab, numbers[-1]))
        assert numbers[-1] - numbers[0] < 60 * 15, "they are the camera's own, a picture each"
        assert await tab.evaluate(FOREIGN) == []
        assert (await house.door.check(opening)).viewers == ["TO-12"]
        policy, again = await used_again(house.place.controller / "ca" / "root.crt", link)
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert again == (404, "link-over")
        asked_s = time.monotonic()
        await house.door.cancel_mandate(allowed, "aim is done")
        await tab.until(DARK, DARK_LIMIT_S)
        dark_s = time.monotonic() - asked_s
        assert await number_shown(tab) is None
        assert "cancelled" in await tab.evaluate("document.body.innerText")
        assert (await stands(house, opening, "closed")).reason == "cancelled"
        await house.unit.camera.says("disconnect")
        assert house.unit.camera.count("connect") == 1
        await tab.open(link)
        await tab.until("document.body && document.body.innerText.includes('used already')")
    with capsys.disabled():
        sys.stdout.write(f"\n  dark {dark_s * 1000:.0f} ms after the cancellation was asked for\n")


async def used_again(root: Path, link: str) -> tuple[str, tuple[int, str]]:
    """The policy of the page, and what somebody gets who plays by the same link."""
    url = httpx.URL(link)
    base = f"{url.scheme}://{url.netloc.decode()}"
    async with httpx.AsyncClient(base_url=base, verify=ssl.create_default_context(cafile=str(root))) as client:
        page = await client.get(url.path)
        headers = {"content-type": "application/sdp"}
        answer = await client.post(f"/whep/{url.path.rpartition('/')[2]}", content="v=0", headers=headers)
        return page.headers["content-security-policy"], (answer.status_code, answer.json()["code"])
