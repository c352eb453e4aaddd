"""`edge-face people`: who is enrolled, and everything that may be done about it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = ("Lists, shows, renames, suspends and forgets people, gives and takes back consent, says what is asked of them, exports and "
               "imports. WHO is a name (in any case) or an id.")
EXAMPLES = """
  edge-face people list
  edge-face people show Ben --json
  edge-face people forget Ben                        every byte of Ben, for good
  edge-face people consent Ben --withdraw show
  edge-face people assure Ben                        what is asked of Ben at the door
  edge-face people assure Ben face+code              another level than the door's (door: the door's again)
  edge-face people assure Ben --challenge left,up --release 8
  edge-face people assure Zoe --under-16 --guardian "her mother, on paper"
  edge-face people pictures Ben --out ben/           what Ben left here with enroll --keep-pictures
  edge-face people pictures Ben --forget
  edge-face people re-enrol                          new templates of kept pictures, for a new recogniser
  edge-face people export people.efp                 sealed with a passphrase
  edge-face people import people.efp
  edge-face people import --tree photos/ --consent recognise     a folder for each person
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, *, who: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        if who:
            made.add_argument("who", metavar="WHO", help="name or id")
        add_common(made)
        return made

    action("list", "list everybody", who=False)
    action("show", "show one person")
    action("rename", "give a person another name").add_argument("name", metavar="NAME", help="the new name")
    action("forget", "erase a person for good").add_argument("--yes", action="store_true", help="do not ask")
    action("suspend", "let a person in no more, for now")
    action("activate", "let a suspended person in again")
    consent = action("consent", "give or take back consent")
    consent.add_argument("--give", metavar="recognise[,show]", default="", help="the person agrees to this from now on")
    consent.add_argument("--withdraw", metavar="recognise[,show]", default="", help="and to this no more (recognise: templates are erased)")
    consent.add_argument("--yes", action="store_true", help="do not ask")
    assure = action("assure", "show or set what is asked of a person in place of the door's; what is not named stays")
    assure.add_argument("level", metavar="LEVEL", nargs="?", help="face, face+challenge, face+code, face+card, code, card, or door")
    assure.add_argument("--challenge", metavar="ACTIONS", help="what a challenge may ask for, as left,up (any: what the door asks for)")
    assure.add_argument("--release", metavar="SECONDS", help="how long the door stays released (any: as long as for others)")
    age = assure.add_mutually_exclusive_group()
    age.add_argument("--under-16", action="store_true", help="a code is asked for besides the face; needs --guardian")
    age.add_argument("--adult", action="store_true", help="not under 16 any more")
    assure.add_argument("--guardian", metavar="HOW", help="how a guardian agreed, in a few words")
    pictures = action("pictures", "write out or erase the pictures that a person left here")
    pictures.add_argument("--out", metavar="DIR", help="write them into this folder as PNG")
    pictures.add_argument("--forget", action="store_true", help="erase them, and take back the consent to keep them")
    again = action("re-enrol", "make new templates of kept pictures, for whoever has another recogniser's", who=False)
    again.add_argument("who", metavar="WHO", nargs="?", help="only this person")
    export = action("export", "write people into one sealed file", who=False)
    export.add_argument("file", metavar="FILE", help="the file to write")
    export.add_argument("--only", metavar="WHO", help="only this person")
    export.add_argument("--force", action="store_true", help="replace a file that exists")
    importing = action("import", "add people from an export, or from a folder for each person", who=False)
    importing.add_argument("file", metavar="FILE", nargs="?", help="what 'people export' wrote")
    importing.add_argument("--tree", metavar="DIR", help="a folder that holds a folder of pictures for each person")
    importing.add_argument("--consent", metavar="recognise[,show]", help="with --tree: what these people agreed to")
    importing.add_argument("--bring-back", action="store_true", help="also people who were forgotten here")
    for made in (export, importing):
        made.add_argument("--passphrase-file", metavar="FILE", help="the passphrase is its first line (-: standard input)")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    return _ACTIONS[args.action](args, settings)


def _list(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people

    with open_people(settings, writing=False) as call:
        answer = call("people.list")
    if args.json:
        _print_json(answer)
        return 1 if answer["damaged"] else 0
    for person in answer["people"]:
        agreed = ", ".join(q for q, given in person["consent"].items() if given) or "no consent"
        print(f"{person['id']}  {person['state']:<9}  {person['templates']:>2} templates  {agreed:<15}  {person['name']}")
        if person["enrol_again"]:
            print(f"{'':16}  {person['enrol_again']}")
    if not answer["people"]:
        print("nobody is enrolled: edge-face enroll NAME")
    elif answer["threshold"]:
        print(answer["threshold"])
    for entry in answer["damaged"]:
        print(f"{entry['id']}  {entry['problem']}", file=sys.stderr)
    return 1 if answer["damaged"] else 0


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people
    from edge_face.cli.schedule_page import own_text

    with open_people(settings, writing=False) as call:
        person = call("people.show", who=args.who)
        person |= {"own": call("people.assure", who=person["id"])["own"]}
    if args.json:
        _print_json(person)
        return 0
    print(f"{person['name']}\n  id           {person['id']}\n  state        {person['state']}\n  enrolled     {_when(person['created'])}")
    for question, given in person["consent"].items():
        print(f"  {question:<12} {'no' if given is None else 'yes, ' + _when(given['wall']) + ', ' + given['how']}")
    for kept in person["kept"]:
        print(f"  template     {kept['pose']}, quality {kept['quality']:.2f}, {_when(kept['wall'])}, {kept['model']}")
    for kept in person["pictures_kept"]:
        print(f"  picture      {kept['pose']}, {_when(kept['wall'])}")
    if own := own_text(person["own"]):
        print(f"  asked for    {own}")
    print(f"  let in       {person['grants']} times")
    if person["enrol_again"]:
        print(f"  {person['enrol_again']}")
    return 0


def _rename(args: argparse.Namespace, settings: Settings) -> int:
    return _change(args, settings, "people.rename", "{name} it is", who=args.who, name=args.name)


def _suspend(args: argparse.Namespace, settings: Settings) -> int:
    return _change(args, settings, "people.suspend", "{name} is suspended: neither recognised nor shown", who=args.who)


def _activate(args: argparse.Namespace, settings: Settings) -> int:
    return _change(args, settings, "people.activate", "{name} is active", who=args.who)


def _forget(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people

    with open_people(settings, writing=True) as call:
        if not args.yes and not sure(f"Erase {_name_of(call, args.who)} for good, with templates and history?",
                                      "forgetting cannot be undone"):
            return 1
        answer = call("people.forget", who=args.who)
    if args.json:
        _print_json(answer)
    else:
        print(f"{args.who} is forgotten: nothing is left in the database. Exports and backups made before still hold the person")
    return 0


def _consent(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import QUESTIONS, open_people
    from edge_face.errors import UsageError

    give, withdraw = ([q.strip() for q in text.split(",") if q.strip()] for text in (args.give, args.withdraw))
    if not give and not withdraw:
        raise UsageError(f"--give or --withdraw says what is meant: {' and '.join(QUESTIONS)}")
    if set(give + withdraw) - {*QUESTIONS, "pictures"}:
        raise UsageError(f"a consent is {' or '.join(QUESTIONS)}, or pictures to take back")
    with open_people(settings, writing=True) as call:
        if "recognise" in withdraw and not args.yes:
            name = call("people.show", who=args.who)["name"]
            if not sure(f"{name} will not be recognised any more. Erase the templates?", "taking back 'recognise' erases the templates"):
                return 1
        answer = call("people.consent", who=args.who, give=give, withdraw=withdraw, how="edge-face people consent")
    agreed = ", ".join(q for q, given in answer["consent"].items() if given) or "nothing"
    return _said(args, answer, f"{{name}} agrees to: {agreed} ({answer['state']}, {answer['templates']} templates)")


def _assure(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_assure import assure

    return assure(args, settings)


def _pictures(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_pictures import pictures

    return pictures(args, settings)


def _re_enrol(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_pictures import re_enrol

    return re_enrol(args, settings)


def _export(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people, read_passphrase
    from edge_face.errors import PeopleError
    from edge_face.people.passphrase import check_passphrase
    from edge_face.people.transfer import seal_people, write_export

    target = Path(args.file)
    with suppress(OSError):  # what cannot even be looked at is told when it is written
        if target.exists() and not args.force:
            raise PeopleError(f"{target} exists already: choose another file, or --force")
    passphrase = check_passphrase(read_passphrase(args.passphrase_file, new=True))
    people: list[dict[str, Any]] = []
    with open_people(settings, writing=False) as call:
        after: str | None = ""
        while after is not None:
            page = call("people.export", who=args.only, after=after)
            people += page["people"]
            after = page["next"]
    write_export(target, seal_people(people, passphrase), replace=args.force)
    if args.json:
        _print_json({"file": args.file, "people": len(people)})
    else:
        print(f"{len(people)} {'person' if len(people) == 1 else 'people'} in {target}: without the passphrase nobody can read it")
    return 0


def _import(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.errors import UsageError

    if (args.file is None) == (args.tree is None):
        raise UsageError("give either an export FILE or --tree DIR")
    if args.tree is not None:
        if args.consent is None:
            raise UsageError("--tree needs --consent recognise or --consent recognise,show: what all these people agreed to")
        return _import_tree(args, settings)
    if args.consent is not None:
        raise UsageError("--consent goes with --tree: an export holds the consents that were given")
    return _import_file(args, settings)


def _import_file(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import open_people, read_passphrase
    from edge_face.people.commands import PAGE_BYTES
    from edge_face.people.transfer import open_people as unsealed
    from edge_face.people.transfer import read_export

    content = read_export(Path(args.file))
    people = unsealed(content, read_passphrase(args.passphrase_file, new=False))
    answer: dict[str, Any] = {"imported": [], "left_out": []}
    with open_people(settings, writing=True, create=True) as call:
        while people:
            page, size = [], 0
            while people and size < PAGE_BYTES:
                page.append(people.pop(0))
                size += len(json.dumps(page[-1]))
            part = call("people.import", people=page, bring_back=args.bring_back)
            answer = {key: answer[key] + part[key] for key in answer}
    return _imported(args, answer)


def _import_tree(args: argparse.Namespace, settings: Settings) -> int:
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from edge_face.cli.people_common import consents, open_people
    from edge_face.people.enrolment import Enrolment
    from edge_face.people.sighting import face_reader
    from edge_face.people.tree import import_tree, members
    from edge_face.vision.bundle import load_bundle

    agreed = consents(args.consent)
    members(Path(args.tree))
    enrolment = Enrolment(face_reader(settings), load_bundle(settings.vision.embedder, "embedder").thresholds)
    live = sys.stderr.isatty()

    def progress(done: int, total: int, name: str) -> None:
        if live:
            print(f"\r\x1b[K{f'{done + 1} of {total}: {name[:60]}' if name else ''}", end="", file=sys.stderr, flush=True)
        elif name:
            print(f"{done + 1} of {total}: {name}", file=sys.stderr)

    with open_people(settings, writing=True, create=True) as call:
        report = import_tree(Path(args.tree), enrolment, call, agreed, wall=time.time, progress=progress)
    left_out = [{"name": entry.what, "why": entry.why} for entry in report.left_out]
    return _imported(args, {"imported": report.imported, "left_out": left_out})


def _imported(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    """Done when somebody came in."""
    if args.json:
        _print_json(answer)
    else:
        for entry in answer["left_out"]:
            print(f"left out {entry['name']}: {entry['why']}", file=sys.stderr)
        for person in answer["imported"]:
            alike = f", {person['agreement']:.2f} alike on average, {person['lowest']:.2f} at least" if "agreement" in person else ""
            print(f"{person['name']}: {person['state']}, {person['templates']} templates{alike}")
            for other in person.get("alike", []):
                print(f"warning: {person['name']} and {other['name']} look confusable at the door's rate (score {other['score']:.2f}, "
                      f"{other['needed']:.2f} needed)", file=sys.stderr)
        print(f"{len(answer['imported'])} imported")
    return 0 if answer["imported"] else 1


def _change(args: argparse.Namespace, settings: Settings, command: str, text: str, **arguments: Any) -> int:
    from edge_face.cli.people_common import open_people

    with open_people(settings, writing=True) as call:
        answer = call(command, **arguments)
    return _said(args, answer, text)


def _said(args: argparse.Namespace, answer: dict[str, Any], text: str) -> int:
    if args.json:
        _print_json(answer)
    else:
        print(text.format(name=answer["name"]))
    return 0


def _name_of(call: Callable[..., Any], who: str) -> str:
    """The name, or what was given where the record is damaged: it can be forgotten all the same."""
    from edge_face.people import SealBrokenError

    try:
        return str(call("people.show", who=who)["name"])
    except SealBrokenError:
        return who


def sure(question: str, why: str) -> bool:
    """Raises UsageError where nobody can be asked."""
    from edge_face.cli.people_common import ask, interactive
    from edge_face.errors import UsageError

    if not interactive():
        raise UsageError(f"{why}: --yes says that it is meant")
    if ask(question):
        return True
    print("nothing was changed", file=sys.stderr)
    return False


def _when(wall: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall)) if wall > 0 else "at an unknown time"


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "list": _list, "show": _show, "rename": _rename, "forget": _forget, "suspend": _suspend, "activate": _activate,
    "consent": _consent, "assure": _assure, "export": _export, "import": _import, "pictures": _pictures, "re-enrol": _re_enrol,
}
