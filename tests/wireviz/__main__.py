"""A copy of WireViz's repository, imported, drawn and exported again: `python -m tests.wireviz --from DIRECTORY`.

Every `.yml` file outside hidden directories is taken. Who is joined to whom by which wire is compared between WireViz's
own graph of the file and of our export of it. What a plan has no place for is listed for each file. The last line is
JSON; it ends with 1 where a file was not imported, not drawn, or joins something else.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.lines import say, tell
from tests.wireviz.netlists import Compared, compare


def files_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*.yml")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and "connections" in path.read_text()
    )


def compare_all(paths: list[Path]) -> Iterator[Compared]:
    for path in paths:
        with TemporaryDirectory(prefix="muster-wireviz-") as folder:
            yield compare(path, Path(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="folder", type=Path, required=True, help="a checkout of WireViz's repository")
    given = parser.parse_args()
    found: list[Compared] = []
    for one in compare_all(files_in(given.folder)):
        found.append(one)
        say(f"{one.name}: {'same connections' if one.same else 'NOT THE SAME'}, {len(one.lost)} lost")
        for line in (*one.remarks, *one.lost):
            say(f"    {line}")
    counts = {
        "files": len(found),
        "imported": sum(one.imported for one in found),
        "drawn": sum(one.drawn for one in found),
        "same_connections": sum(one.same for one in found),
        "lost": sum(len(one.lost) for one in found),
    }
    tell(json.dumps(counts))
    return 0 if found and all(one.imported and one.drawn and one.same for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
