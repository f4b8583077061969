"""What an RO-Crate 1.1 must keep to, checked without fetching anything."""

import hashlib
import json
import re
from pathlib import Path

from verified_dynamics.book.crate import FILE_NAME, PROFILE

REQUIRED = {
    "root": ("name", "description", "datePublished", "license", "author", "hasPart", "mentions"),
    "File": ("name", "encodingFormat", "license"),
    "CreateAction": ("name", "agent", "instrument", "object", "result"),
    "SoftwareApplication": ("name", "softwareVersion"),
    "PropertyValue": ("name", "value"),
    "Claim": ("name", "url"),
}


def faults(site: Path) -> list[str]:
    """One sentence for each fault of the crate of the site in this folder."""
    content = json.loads((site / FILE_NAME).read_text(encoding="utf-8"))
    graph = content["@graph"]
    entities = {item["@id"]: item for item in graph}
    found = [f"{name} is described twice" for name in entities if sum(i["@id"] == name for i in graph) > 1]
    found += _head(content, entities)
    for item in graph:
        found += [
            f"{item['@id']} names {name}, which is not described"
            for name in _references(item)
            if name not in entities and not (item["@id"] == FILE_NAME and name == PROFILE)
        ]
        for kind in _kinds(item):
            found += [f"{item['@id']} lacks {key}" for key in REQUIRED.get(kind, ()) if not item.get(key)]
        if "File" in _kinds(item):
            found += _file(site, item, entities)
    return found


def _head(content: dict, entities: dict) -> list[str]:
    found = []
    descriptor, root = entities.get(FILE_NAME, {}), entities.get("./", {})
    if f"{PROFILE}/context" not in content["@context"]:
        found.append("the context is not that of RO-Crate")
    if descriptor.get("conformsTo") != {"@id": PROFILE} or descriptor.get("about") != {"@id": "./"}:
        found.append("the descriptor does not say to which version it conforms and what it is about")
    if "Dataset" not in _kinds(root):
        found.append("the root is no Dataset")
    found += [f"the root lacks {key}" for key in REQUIRED["root"] if not root.get(key)]
    date = str(root.get("datePublished"))
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        found.append(f"the root's datePublished {date!r} is no date")
    return found


def _file(site: Path, item: dict, entities: dict) -> list[str]:
    name, found = item["@id"], []
    if {"@id": name} not in entities.get("./", {}).get("hasPart", []):
        found.append(f"{name} is no part of the root")
    if "://" in name:
        return found
    path = site / name
    if not path.is_file():
        return [*found, f"{name} is not in the site"]
    content = path.read_bytes()
    if item.get("contentSize") != str(len(content)):
        found.append(f"{name} has another size")
    if item.get("sha256") != hashlib.sha256(content).hexdigest():
        found.append(f"{name} has another sha256")
    return found


def _kinds(item: dict) -> list[str]:
    kind = item.get("@type", [])
    return [kind] if isinstance(kind, str) else kind


def _references(value) -> list[str]:
    if isinstance(value, list):
        return [name for part in value for name in _references(part)]
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            return [value["@id"]]
        return [
            name for key, part in value.items() if key not in ("@id", "@type") for name in _references(part)
        ]
    return []
