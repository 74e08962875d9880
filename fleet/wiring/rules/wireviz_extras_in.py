"""What a WireViz file wants bought beside connectors and cables, as a plan's extra parts. Pure."""

from collections.abc import Iterator, Mapping

from fleet.wiring.rules.wireviz_connectors_in import part_number
from fleet.wiring.rules.wireviz_names import fitted
from fleet.wiring.rules.wireviz_nodes import Attributes
from fleet.wiring.rules.yaml_nodes import Listing
from fleet.wiring.rules.yaml_nodes import Mapping as MappingNode
from protocols.wiring.plan import MAX_COMPONENTS

_UNITS = {"": "pcs", "pcs": "pcs", "m": "m"}
_SHORT = 80
_MOST = 10_000


def extras(
    root: Attributes,
    connectors: Mapping[str, list[Attributes]],
    cables: Mapping[str, list[Attributes]],
    lost: list[str],
) -> list[dict[str, object]]:
    """The values of extra parts: the bill's own items, then the additional components of every instance."""
    found = list(_listed(root, "additional_bom_items", lost))
    for inside in (*connectors.values(), *cables.values()):
        for attributes in inside:
            found += _listed(attributes, "additional_components", lost)
    if len(found) > MAX_COMPONENTS:
        lost.append(
            f"additional_bom_items: {len(found) - MAX_COMPONENTS} are left out, for a plan has {MAX_COMPONENTS}"
        )
    return found[:MAX_COMPONENTS]


def _listed(attributes: Attributes, key: str, lost: list[str]) -> Iterator[dict[str, object]]:
    node = attributes.node_of(key)
    for number, item in enumerate(node.items if isinstance(node, Listing) else ()):
        path = f"{attributes.path}.{key}.{number}".lstrip(".")
        if isinstance(item, MappingNode):
            yield from _extra(Attributes(path, item), lost)
        else:
            lost.append(f"{path}: left out")


def _extra(item: Attributes, lost: list[str]) -> Iterator[dict[str, object]]:
    words = [item.text(key) for key in ("description", "type", "subtype")]
    part = ", ".join(word for word in (*words, part_number(item)) if word)
    quantity, unit = _quantity(item.text("qty")), _UNITS.get(item.text("unit"))
    if not part or quantity is None or unit is None or item.text("qty_multiplier"):
        lost.append(f"{item.path}: left out, for a plan's extra parts have a text and a quantity in pcs or m")
        return
    lost.extend(f"{path}: left out" for path in item.unused(frozenset()))
    yield {"part": fitted(item.path, part, _SHORT, lost), "quantity": quantity, "unit": unit}


def _quantity(text: str) -> float | None:
    try:
        number = float(text or 1)
    except ValueError:
        return None
    return number if 0 < number <= _MOST else None
