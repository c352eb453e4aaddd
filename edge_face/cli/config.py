"""`edge-face config`: write, check and show the settings."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from edge_face.cli.main import add_common

DESCRIPTION = "One TOML file holds all settings. 'init' writes it with every key explained, 'check' looks for mistakes, " \
              "'show' prints what holds now and where it comes from."
EXAMPLES = """
  edge-face config init                      write ./edge-face.toml
  edge-face config init /etc/edge-face/edge-face.toml
  edge-face config check                     is the file that would be used right?
  edge-face config check new.toml --json
  edge-face config show --json               all settings, for scripts
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="init|check|show", required=True)
    init = actions.add_parser("init", help="write a settings file with every key explained")
    init.add_argument("path", metavar="PATH", nargs="?", default="edge-face.toml", help="file or folder (default: ./edge-face.toml)")
    init.add_argument("--force", action="store_true", help="replace a file that exists")
    check = actions.add_parser("check", help="look for mistakes in a settings file")
    check.add_argument("file", metavar="FILE", nargs="?", help="the file (default: the one that would be used)")
    add_common(check)
    show = actions.add_parser("show", help="print the settings that hold, and where they come from")
    show.add_argument("--changed", action="store_true", help="only what differs from the defaults")
    add_common(show)


def run(args: argparse.Namespace) -> int:
    if args.action == "init":
        from edge_face.settings_file import write_default

        target = write_default(args.path, force=args.force)
        print(f"{target} is written: every key is explained in it; 'edge-face config check {target}' after a change")
        return 0
    if args.action == "check":
        return _check(args)
    return _show(args)


def _check(args: argparse.Namespace) -> int:
    import json

    from edge_face.errors import EdgeFaceError
    from edge_face.settings_file import load_settings, settings_source
    from edge_face.settings_overlay import overlay_path, read_overlay, value_of

    path = args.file or args.config
    source = settings_source(path)
    try:
        alone = load_settings(path, pages=False)
        load_settings(path)
        pages = read_overlay(alone)
    except EdgeFaceError as error:
        if not args.json:
            raise
        print(json.dumps({"file": str(source) if source else None, "ok": False, "error": str(error)}))
        return error.exit_code
    if args.json:
        print(json.dumps({"file": str(source) if source else None, "ok": True, "error": None, "pages": pages}))
        return 0
    print(f"{source}: no mistakes" if source else "there is no settings file: the defaults hold "
          "('edge-face config init' writes one)")
    if pages:
        print(f"{overlay_path(alone)}: the owner's pages set")
    for key, value in pages.items():
        print(f"  {key} = {_text(value)} in place of {_text(value_of(alone, key))}")
    return 0


def _text(value: Any) -> str:
    from edge_face.settings_toml import toml_value

    return toml_value(value)


def _show(args: argparse.Namespace) -> int:
    import dataclasses
    import json

    from edge_face.settings import Settings
    from edge_face.settings_file import load_settings, settings_source, to_toml
    from edge_face.settings_overlay import overlay_path

    source = settings_source(args.config)
    settings = load_settings(args.config)
    default = dataclasses.asdict(Settings())
    shown = {section: {key: value for key, value in content.items() if not args.changed or value != default[section][key]}
             for section, content in dataclasses.asdict(settings).items()}
    if args.json:
        json.dump({"file": str(source) if source else None, "settings": shown}, sys.stdout, indent=2)
        print()
        return 0
    print(f"# {source or 'no settings file: the defaults'}")
    alone = load_settings(args.config, pages=False)
    if alone != settings:
        print(f"# and over it {overlay_path(alone)}, which the owner's pages wrote")
    print(to_toml(settings, only_changed=args.changed), end="")
    return 0
