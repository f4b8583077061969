"""The site as a Research Object Crate: `ro-crate-metadata.json`, by which machines find the figures and their origin.

The book is the root dataset. Each figure is a CreateAction: its instruments are the chapter and the software, its
objects the parameters of the experiments, its results the files.
"""

import hashlib
import json
from pathlib import Path

from verified_dynamics import addresses
from verified_dynamics.book.citation import Book
from verified_dynamics.book.figure_files import MEDIA
from verified_dynamics.book.structured_data import LICENCES

__all__ = ["FILE_NAME", "crate", "to_json"]

FILE_NAME = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
# A literal address: what the terms mean is fixed by it, and nobody has to fetch it. The digest is no term of 1.1.
CONTEXT = [f"{PROFILE}/context", {"sha256": "https://schema.org/sha256"}]
ROOT, AUTHORS = "./", "#authors"


class _Graph:
    """Entities by their `@id`, each once, in the order in which they came."""

    def __init__(self):
        self.entities: dict[str, dict] = {}

    def add(self, identifier: str, kind: str | list[str], **fields) -> dict[str, str]:
        """Add an entity unless it is there, and return the reference to it. Fields that are None are left out."""
        given = {key: value for key, value in fields.items() if value is not None}
        self.entities.setdefault(identifier, {"@id": identifier, "@type": kind, **given})
        return {"@id": identifier}


def to_json(metadata: dict) -> str:
    """The metadata as JSON text, the same for the same site."""
    return json.dumps(metadata, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def crate(site: Path, figures: dict[str, dict[str, dict]], book: Book, ledger: dict) -> dict:
    """The metadata of the site in the folder `site`, whose files are written already.

    figures: the figures' records by document (such as "chapters/margin/max-margin") and name. ledger: as `collect`
    gives it; the claims that figures support are described by it.
    """
    graph = _Graph()
    about = {"about": {"@id": ROOT}, "conformsTo": {"@id": PROFILE}}
    graph.add(FILE_NAME, "CreativeWork", **about)
    graph.entities[ROOT] = {"@id": ROOT}  # its place; what it holds is known at the end
    people = [
        graph.add(f"{AUTHORS}-{number}", kind, name=name)
        for number, (name, kind) in enumerate(zip(book.authors, book.kinds, strict=True), 1)
    ]
    text, code = (graph.add(url, "CreativeWork", name=name) for url, name in LICENCES.values())
    claims = {claim["name"]: claim for claim in (*ledger["claims"], *ledger["cited"])}
    files, actions = [_file(graph, site, "ledger.json", "Every claim of the book with its checks", text)], []
    for document, records in sorted(figures.items()):
        chapter = _chapter(graph, site, document, code, people) if records else None
        files += [chapter] if chapter else []
        for name, record in records.items():
            results = _results(graph, site, name, record, text, claims)
            files += results
            actions.append(_action(graph, document, record, chapter, results, people))
    graph.entities[ROOT].update({
        "@type": "Dataset", "name": book.title, "description": book.abstract, "datePublished": book.date,
        "version": book.version, "url": addresses.site(), "identifier": addresses.site(), "author": people,
        "publisher": people[0], "license": text, "hasPart": files, "mentions": actions,
    })  # fmt: skip
    return {"@context": CONTEXT, "@graph": list(graph.entities.values())}


def _file(graph: _Graph, site: Path, path: str, name: str, licence: dict, **fields) -> dict:
    content = (site / path).read_bytes()
    media = {**MEDIA, "ipynb": "application/x-ipynb+json"}[path.rpartition(".")[2]]
    kind = fields.pop("kind", "File")
    return graph.add(
        path, kind, name=name, encodingFormat=media, contentSize=str(len(content)),
        sha256=hashlib.sha256(content).hexdigest(), license=licence, **fields,
    )  # fmt: skip


def _chapter(graph: _Graph, site: Path, document: str, licence: dict, people: list[dict]) -> dict:
    """The chapter's notebook: its source in the site, or its address in the repository where the site has none."""
    path = f"_sources/{document}.ipynb"
    name = f"Notebook of the chapter {document.removeprefix('chapters/')}"
    fields = {"programmingLanguage": "Python", "author": people}
    kind = ["File", "SoftwareSourceCode"]
    if (site / path).is_file():
        return _file(graph, site, path, name, licence, kind=kind, url=_source(document), **fields)
    return graph.add(
        _source(document),
        kind,
        name=name,
        encodingFormat="application/x-ipynb+json",
        license=licence,
        **fields,
    )


def _source(document: str) -> str:
    return f"{addresses.repository()}/blob/main/{document}.ipynb"


def _results(
    graph: _Graph, site: Path, name: str, record: dict, licence: dict, claims: dict[str, dict]
) -> list[dict]:
    about = [_claim(graph, claims[claim]) for claim in record["claims"] if claim in claims]
    paths = sorted(p for p in (site / "figures").glob(f"{name}.*") if p.suffix[1:] in MEDIA)
    return [
        _file(
            graph, site, f"figures/{path.name}", f"{record['title']} ({path.suffix[1:].upper()})", licence,
            kind=["File", "ImageObject"] if path.suffix in (".svg", ".png") else "File",
            description=record["alt"] if path.suffix in (".svg", ".png") else None,
            about=about or None,
        )
        for path in paths
    ]  # fmt: skip


def _claim(graph: _Graph, claim: dict) -> dict:
    return graph.add(
        f"#claim-{claim['name']}",
        "Claim",
        name=claim.get("title") or claim["name"],
        text=claim["statement"] or None,
        url=f"{addresses.site()}/chapters/{claim['chapter']}.html#claim-{claim['name']}",
    )


def _action(
    graph: _Graph, document: str, record: dict, chapter: dict, results: list[dict], people: list[dict]
) -> dict:
    instruments, objects = [chapter], []
    for item in record["experiments"]:
        origin = item["provenance"]
        for package, number in origin.get("versions", {}).items():
            instruments.append(
                graph.add(f"#{package}-{number}", "SoftwareApplication", name=package, softwareVersion=number)
            )
        instruments.append(_device(graph, origin))
        objects.append(_parameters(graph, item))
    dates = sorted(
        {item["provenance"]["date"] for item in record["experiments"] if "date" in item["provenance"]}
    )
    return graph.add(
        f"#make-{record['name']}",
        "CreateAction",
        name=f"Making of the figure {record['name']}",
        description=record["alt"],
        agent=people[0],
        instrument=_once(instruments),
        object=_once(objects),
        result=results,
        endTime=dates[-1] if dates else None,
        url=f"{addresses.site()}/figures/{record['name']}.html",
    )


def _device(graph: _Graph, origin: dict) -> dict:
    machine = origin.get("machine", {})
    words = ", ".join(filter(None, (origin["device_name"], machine.get("processor"))))
    slug = "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())
    return graph.add(f"#device-{slug}", "Product", name=words)


def _parameters(graph: _Graph, item: dict) -> dict:
    """Parameters and seeds of one experiment at one size, as one value."""
    origin = item["provenance"]
    value = {"parameters": origin.get("parameters"), "seeds": origin.get("seeds")}
    text = json.dumps(value, sort_keys=True)
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return graph.add(
        f"#parameters-{item['name']}-{item['profile']}-{mark}",
        "PropertyValue",
        name=f"Parameters of {item['name']} at {item['profile']}",
        value=text,
    )


def _once(references: list[dict]) -> list[dict]:
    return list({reference["@id"]: reference for reference in references}.values())
