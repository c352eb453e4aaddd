"""`edge-face privacy erase`, `export`, `withdraw`: what one person may ask for."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.minimisation.erasure import Looked, Search
    from edge_face.settings import Settings

HOW = "edge-face privacy withdraw"
FLASH = "A flash card may hold older blocks until its controller writes over them; backups and exports made before still hold the person."


def erase(args: argparse.Namespace, settings: Settings) -> int:
    """1 when something was found afterwards, or nothing was done."""
    from edge_face.cli.people import sure
    from edge_face.cli.people_common import open_people
    from edge_face.minimisation.erasure import look, search_for

    also = [Path(path) for path in args.also]
    with open_people(settings, writing=True) as call:
        search = search_for(call, settings, args.who)
        look(settings, search, also)  # what cannot be read is said before anything is erased
        if not args.yes and not sure(f"Erase {search.name or search.identity} for good, with templates, pictures, codes and history?",
                                     "erasing cannot be undone"):
            return 1
        answer = call("people.forget", who=search.identity)
    looked = look(settings, search, also)
    if args.json:
        print(json.dumps({"erased": search.identity, "mentioned": answer.get("mentioned", []), **_as_json(looked, settings)}, indent=2))
        return 1 if looked.hits else 0
    print(f"{search.name or search.identity} is erased")
    for kind in answer.get("mentioned", []):
        print(f"still named, as it is not the person's own: {kind} ({_OTHERS.get(kind, 'look at it')})")
    _say(looked, settings, search)
    print(FLASH)
    return 1 if looked.hits else 0


def withdraw(args: argparse.Namespace, settings: Settings) -> int:
    """1 when something was found afterwards, or nothing was done."""
    from edge_face.cli.people import sure
    from edge_face.cli.people_common import open_people
    from edge_face.errors import UsageError
    from edge_face.minimisation.erasure import PICTURES, TEMPLATES, look, search_for
    from edge_face.people.subject import CONSENTS

    what = list(CONSENTS) if args.what.strip() == "all" else [word.strip() for word in args.what.split(",") if word.strip()]
    if not what or not set(what) <= set(CONSENTS):
        raise UsageError(f"what is taken back is all, or some of {','.join(CONSENTS)}")
    with open_people(settings, writing=True) as call:
        gone = [part for part, word in ((TEMPLATES, "recognise"), (PICTURES, "pictures")) if word in what or "recognise" in what]
        searches = [search_for(call, settings, args.who, part) for part in gone]
        if "recognise" in what and not args.yes and not sure(f"{searches[0].name} will not be recognised any more. Erase the templates?",
                                                             "taking back 'recognise' erases the templates"):
            return 1
        answer = call("privacy.withdraw", who=args.who, what=what, how=HOW)
    found = [(search, look(settings, search)) for search in searches]
    bad = any(looked.hits for _, looked in found)
    agreed = [question for question, given in answer["consent"].items() if given]
    if args.json:
        print(json.dumps({"id": answer["id"], "agrees_to": agreed, "state": answer["state"],
                          "hits": [hit for _, looked in found for hit in _as_json(looked, settings)["hits"]]}, indent=2))
        return 1 if bad else 0
    print(f"{answer['name']} agrees to: {', '.join(agreed) or 'nothing'} ({answer['state']}, {answer['templates']} templates, "
          f"{answer['pictures']} pictures)")
    for search, looked in found:
        _say(looked, settings, search)
    if not agreed:
        print(f"The name, codes and history stay: 'edge-face privacy erase \"{answer['name']}\"' erases them too")
    return 1 if bad else 0


def export(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people
    from edge_face.cli.privacy_export import check_target, collect, write_zip

    target = Path(args.out)
    check_target(target, force=args.force)
    with open_people(settings, writing=False) as call:
        gathered = collect(call, settings, args.who, time.time())
    write_zip(target, gathered, force=args.force)
    facts = {"file": str(target), "events": len(gathered.facts["events"]), "pictures": len(gathered.pictures),
             "recordings": len(gathered.recordings)}
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    print(f"{target} holds all that is kept of {gathered.facts['name']}: {facts['events']} events, {facts['pictures']} pictures of the "
          f"enrolment, {facts['recordings']} of events. It is not sealed: hand it over, then remove it")
    for sentence in gathered.missing:
        print(sentence, file=sys.stderr)
    return 0


_OTHERS = {"accounts": "a login of the pages has the same name: remove it on the owner's pages, under Logins",
           "visitor": "a visitor's label: 'edge-face schedule visitor-remove' removes it", "calendar": "a name of a schedule or holiday"}


def _say(looked: Looked, settings: Settings, search: Search) -> None:
    from edge_face.minimisation.erasure import where_from

    if not looked.hits:
        print(f"{looked.files} files, {looked.size:,} bytes looked through for {len(search.needles)} pieces "
              f"({', '.join(dict.fromkeys(needle.what for needle in search.needles)) or 'there was nothing to look for'}): nothing is left")
    for path in looked.shut:
        print(f"{path} is a backup or an export: nobody can look into it without its passphrase; make a new one, and destroy it")
    for hit in looked.hits:
        print(f"STILL THERE: {hit.what} in {hit.path} at byte {hit.at} ({where_from(settings, hit)})")


def _as_json(looked: Looked, settings: Settings) -> dict[str, Any]:
    from edge_face.minimisation.erasure import where_from

    return {"files": looked.files, "bytes": looked.size, "shut": [str(path) for path in looked.shut],
            "hits": [{"what": hit.what, "file": str(hit.path), "at": hit.at, "from": where_from(settings, hit)} for hit in looked.hits]}


