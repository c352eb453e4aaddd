"""`edge-face`: finds the command, imports only that, and turns errors into one sentence and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted. A command module has `DESCRIPTION`, `EXAMPLES`,
`add_arguments(parser)` and `run(args) -> int`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from edge_face import __version__
from edge_face.cli import guard_is_over
from edge_face.errors import EdgeFaceError, UsageError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("edge_face.cli.demo", "watch the door work on the bundled clip: no camera, no pins"),
    "run": ("edge_face.cli.run", "run the door in the foreground"),
    "door": ("edge_face.cli.door", "show, try and watch what is wired to the door"),
    "enroll": ("edge_face.cli.enroll", "enrol a person from the camera, pictures or a video"),
    "people": ("edge_face.cli.people", "list, show, rename, forget, export and import people"),
    "codes": ("edge_face.cli.codes", "give people codes and cards, or take them away"),
    "schedule": ("edge_face.cli.schedule", "say who may enter when: hours, holidays, limits, visitors"),
    "clock": ("edge_face.cli.clock", "show whether the clock is believed, and set it"),
    "store": ("edge_face.cli.store", "check, back up, restore and re-key the sealed store"),
    "why": ("edge_face.cli.why", "explain what the door decided, with its scores"),
    "events": ("edge_face.cli.events", "list what happened; show and export the pictures and films of it"),
    "audit": ("edge_face.cli.audit", "show, verify and export the audit log"),
    "blur": ("edge_face.cli.blur", "hide the faces in pictures, folders and videos"),
    "seal": ("edge_face.cli.seal", "hide faces and seal the originals for the owner of a key"),
    "unseal": ("edge_face.cli.unseal", "open sealed faces with the owner's key"),
    "privacy": ("edge_face.cli.privacy", "show what is kept, erase and inform people, print the door's notice"),
    "wipe-device": ("edge_face.cli.wipe", "erase everything that this device knows of anybody"),
    "cameras": ("edge_face.cli.cameras", "list the cameras and take a test shot"),
    "config": ("edge_face.cli.config", "write, check and show the settings"),
    "kiosk": ("edge_face.cli.kiosk", "serve the pages beside the door and the owner's; claim a new door"),
    "owner": ("edge_face.cli.owner", "let an owner in again who has lost the passphrase"),
    "hooks": ("edge_face.cli.hooks", "tell events to a webhook or a program of yours"),
    "service": ("edge_face.cli.service", "install the systemd units, show how they are, remove them"),
    "doctor": ("edge_face.cli.doctor", "find what is wrong and the command that mends it"),
    "embed": ("edge_face.cli.embed", "turn the faces of pictures into embeddings"),
    "classify": ("edge_face.cli.classify", "name the classes that a classifier of yours sees in pictures"),
    "eval": ("edge_face.cli.eval", "measure recognition and detection on pictures of yours"),
    "bench": ("edge_face.cli.bench", "measure the speed of every stage on this board"),
}

SECRETIVE = {f"edge_face.cli.{name}" for name in ("run", "enroll", "people", "codes", "schedule", "store", "why", "audit", "privacy",
                                                  "wipe", "events", "seal", "unseal", "owner", "hooks")}
"""Commands that hold keys, templates or what is sealed under them: no core dumps of these."""


def add_common(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    """The options that most commands share."""
    parser.add_argument("--config", metavar="FILE", help="settings file (default: $EDGE_FACE_CONFIG, ./edge-face.toml, "
                        "/etc/edge-face/edge-face.toml, else the defaults)")
    if json:
        parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def be_printable() -> None:
    """Names in any script are printed on any terminal: what it cannot show is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


class _Parser(argparse.ArgumentParser):
    """Says which word was taken for an option when a NAME or FILE is missing because of it."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        words = self._words[:self._words.index("--")] if "--" in self._words else self._words
        odd = [word for word in words if word.startswith("-") and word != "-"
               and not any(option.startswith(word.split("=")[0]) for option in self._option_string_actions)]
        if odd and ("required" in message or ("unrecognized" in message and odd[0] in message)):
            message += f" ('{odd[0]}' is no option here, and a name cannot begin with a dash)"
        super().error(message)


def overview(program: str, about: str, commands: Mapping[str, tuple[str, str]]) -> str:
    """The text of `--help`, made without importing any command."""
    width = max(10, *map(len, commands))
    rows = "\n".join(f"  {name:<{width}} {text}" for name, (_, text) in commands.items())
    return (f"usage: {program} COMMAND [options]\n\n{about}\n\ncommands:\n{rows}\n\n"
            f"'{program} COMMAND --help' shows its options and examples. '{program} --version' shows the version.\n"
            "exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted\n")


def dispatch(program: str, about: str, commands: Mapping[str, tuple[str, str]], argv: Sequence[str]) -> int:
    """Runs one command of a table and returns its exit code; never lets a traceback out for a known error."""
    try:
        guard_is_over()
        be_printable()
        if not argv or argv[0] in ("-h", "--help", "help"):
            print(overview(program, about, commands), end="", flush=True)
            return 0 if argv else 2
        if argv[0] in ("-V", "--version"):
            print(f"{program} {__version__}", flush=True)
            return 0
        name = argv[0]
        if name not in commands:
            import difflib

            close = difflib.get_close_matches(name, commands, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"'{program} --help' lists the commands"
            raise UsageError(f"there is no command '{name}': {hint}")
        module = importlib.import_module(commands[name][0])
        parser = _Parser(prog=f"{program} {name}", description=module.DESCRIPTION,
                         epilog="examples:\n" + module.EXAMPLES.strip("\n"), formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(parser)
        args = parser.parse_args(list(argv[1:]))
        if commands[name][0] in SECRETIVE:
            importlib.import_module("edge_face.memory").keep_to_itself()
        code = int(module.run(args))
        if sys.stdout is not None:  # closed by whoever started us (>&-)
            sys.stdout.flush()
        return code
    except EdgeFaceError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away ("| head"): quiet, as every Unix tool is.
        _give_up_output()
        return 0
    except OSError as error:
        # A path that no code further down asked about (too long, behind a folder that may not be entered), or standard
        # output on a full disk.
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError:
            _give_up_output()
        print(f"{program}: {_system_error(error)}", file=sys.stderr)
        return 1
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 2


def _give_up_output() -> None:
    """What is still in the buffer goes nowhere: Python would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_error(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"the answer cannot be written, or the system refused ({what}): check the disk"
    return f"{error.filename!r} cannot be used ({what}): check the path, its permissions and the disk"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console command `edge-face`."""
    return dispatch("edge-face", "The door that knows its people and forgets everybody else.", COMMANDS,
                    list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
