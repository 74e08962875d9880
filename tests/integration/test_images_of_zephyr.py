"""Images that Zephyr's build made: read as they are, and refused because nobody signed them."""

import pytest

from firmware_bridge.errors import ImageRefused
from firmware_bridge.images.judging import judge
from firmware_bridge.images.mcuboot import read_image
from tests.support.firmware_images import public_pem
from tests.support.smp_servers import servers


def test_every_image_of_the_distribution_is_whole_and_unsigned() -> None:
    images = sorted({server.image for server in servers().values() if server.image.exists()})
    assert len(images) >= 8
    for path in images:
        content = path.read_bytes()
        image = read_image(content)
        refused = judge(image, keys=[public_pem()], board="", installed=None, permit=False)
        assert refused is not None
        assert (refused.reason, image.header_bytes, str(image.version)) == ("unsigned", 512, "0.0.0")
        for damaged in (content[:-1], content[:600] + b"\x55" + content[601:]):
            with pytest.raises(ImageRefused):
                read_image(damaged)
