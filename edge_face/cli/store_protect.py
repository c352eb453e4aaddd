"""`edge-face store protect`: templates as codes, under a new key, or as embeddings again."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.people.person import Person, Template
    from edge_face.people.store import Store
    from edge_face.people.template_desk import Brought, Made
    from edge_face.settings import Settings

WORN = 4
"""Codings from which on a new enrolment is advised."""


def protect(args: argparse.Namespace, settings: Settings) -> int:
    """Raises StoreError; nothing has changed then."""
    from edge_face.people import Store

    with Store(settings.store.folder, settings.store.key_file or None) as store:
        was = store.protected
        if args.off:
            done = store.unprotect(made=_of_pictures(store, settings))
        else:
            done = store.protect(renew=args.renew, made=_of_pictures(store, settings))
        now = store.protected
    changed = was if args.off else args.renew or not was
    if args.json:
        print(json.dumps({"protected": now, "changed": changed, "people": done.people, "of_pictures": done.pictured,
                          "codings": done.codings, "damaged": list(done.damaged)}, indent=2))
    else:
        print(_said(args, settings, done, was, now))
    for identity in done.damaged:
        print(f"person {identity} was damaged before and was left as it is: edge-face store check", file=sys.stderr)
    return 1 if done.damaged else 0


def _said(args: argparse.Namespace, settings: Settings, done: Brought, was: bool, now: bool) -> str:
    people = "1 person's" if done.people == 1 else f"{done.people} people's"
    if args.off:
        if not was:
            return "the templates are embeddings already"
        text = f"{people} templates are embeddings again, {done.pictured} of them made anew of kept pictures"
        return text + ("; [store] cancelable is on, which protects an empty store only" if settings.store.cancelable else "")
    if was and not args.renew:
        return "the templates are protected already: --renew gives them a new key"
    text = f"{people} templates are codes under a new key of this store; copies from before are dropped"
    if done.pictured:
        text += f"; those of {done.pictured} were made anew of kept pictures"
    if done.codings >= WORN:
        text += (f". Some have been brought from key to key {done.codings} times, and lose a little each time: let those people enrol "
                 "again (edge-face enroll NAME --again)")
    if now and not settings.store.cancelable:
        text += ". It stays so whatever [store] cancelable says; --off turns it back"
    return text


def _of_pictures(store: Store, settings: Settings) -> Made:
    """Templates of the pictures that somebody left here; None for whoever left none, or none that would do."""
    from edge_face.errors import EdgeFaceError
    from edge_face.people.again import templates_from
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.embedder import Embedder

    loaded: list[Embedder] = []

    def made(person: Person) -> tuple[Template, ...] | None:
        if not store.count_pictures(person.id):
            return None
        try:
            bundle = load_bundle(settings.vision.embedder, "embedder")
            if not loaded:
                loaded.append(Embedder(bundle, settings.vision.precision, settings.vision.threads))
            return templates_from(store.pictures(person.id), loaded[0], bundle.thresholds, time.time())[0]
        except EdgeFaceError as error:
            print(f"{person.name}: kept pictures cannot be used ({error}); the templates are brought over as they are", file=sys.stderr)
            return None

    return made
