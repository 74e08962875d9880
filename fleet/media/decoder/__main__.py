"""`python -I __main__.py PARENT`: the process that decodes. Only `fleet.media.decoder_process` starts it."""

import sys
from pathlib import Path


def main() -> None:
    """Serve the process PARENT until it closes the channel."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fleet.media.decoder.serving import serve  # noqa: PLC0415 - of the tree that this file is in: -I names none

    serve(int(sys.argv[1]))


if __name__ == "__main__":
    main()
