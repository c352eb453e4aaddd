"""`edge-face doctor`: what is wrong with this installation, and the command that mends it."""

from __future__ import annotations

import argparse

DESCRIPTION = "Looks at camera, pins, permissions, models, disk, clock and locale; says what is wrong and what mends it."
EXAMPLES = """
  edge-face doctor
  edge-face doctor --json
  edge-face doctor --bundle report.zip       a report to send to somebody: no names, no templates, no keys
"""

_MARKS = {"ok": "ok  ", "note": "note", "warning": "WARN", "failed": "FAIL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    add_common(parser)
    parser.add_argument("--bundle", metavar="FILE", help="also write a zip with the findings, versions and settings, without secrets")


def run(args: argparse.Namespace) -> int:
    import json

    from edge_face.doctor import Finding, Host, Status, examine
    from edge_face.doctor.all import CHECKS
    from edge_face.errors import SettingsError
    from edge_face.settings import Settings
    from edge_face.settings_file import load_settings

    findings: list[Finding] = []
    try:
        settings = load_settings(args.config)
    except SettingsError as error:
        findings.append(Finding("settings", Status.FAIL, str(error), "edge-face config check"))
        settings = Settings()
    host = Host()

    def show(finding: Finding) -> None:
        if not args.json:
            print(f"{_MARKS[finding.status.value]}  {finding.check:<18} {finding.text}")
            if finding.mend:
                print(f"      {'':<18} -> {finding.mend}")

    for finding in findings:
        show(finding)
    for finding in examine(host, settings, CHECKS):
        findings.append(finding)
        show(finding)
    failed = [f for f in findings if f.status is Status.FAIL]
    if args.json:
        print(json.dumps({"healthy": not failed, "findings": [
            {"check": f.check, "status": f.status.value, "text": f.text, "mend": f.mend} for f in findings]}, indent=2))
    else:
        print(f"\n{len(failed)} failed, {sum(f.status is Status.WARN for f in findings)} warnings")
    if args.bundle:
        from edge_face.doctor.bundle import write_bundle

        write_bundle(args.bundle, findings, settings)
        if not args.json:
            print(f"written: {args.bundle} (read it before you send it: unzip -p {args.bundle})")
    return 1 if failed else 0
