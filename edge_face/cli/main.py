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

from edge_face import __version__
from edge_face.errors import EdgeFaceError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("edge_face.cli.demo", "watch the door work on the bundled clip: no camera, no pins"),
    "run": ("edge_face.cli.run", "run the door in the foreground"),
    "enroll": ("edge_face.cli.enroll", "enrol a person from the camera, pictures or a video"),
    "people": ("edge_face.cli.people", "list, show, rename, forget, export and import people"),
    "why": ("edge_face.cli.why", "explain what the door decided, with its scores"),
    "blur": ("edge_face.cli.blur", "hide the faces in pictures, folders and videos"),
    "cameras": ("edge_face.cli.cameras", "list the cameras and take a test shot"),
    "config": ("edge_face.cli.config", "write, check and show the settings"),
    "doctor": ("edge_face.cli.doctor", "find what is wrong and the command that mends it"),
    "bench": ("edge_face.cli.bench", "measure the speed of every stage on this board"),
}


def add_common(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    """The options that most commands share."""
    parser.add_argument("--config", metavar="FILE", help="settings file (default: $EDGE_FACE_CONFIG, ./edge-face.toml, "
                        "/etc/edge-face/edge-face.toml, else the defaults)")
    if json:
        parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def overview(program: str, about: str, commands: Mapping[str, tuple[str, str]]) -> str:
    """The text of `--help`, made without importing any command."""
    rows = "\n".join(f"  {name:<10} {text}" for name, (_, text) in commands.items())
    return (f"usage: {program} COMMAND [options]\n\n{about}\n\ncommands:\n{rows}\n\n"
            f"'{program} COMMAND --help' shows its options and examples. '{program} --version' shows the version.\n"
            "exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted\n")


def dispatch(program: str, about: str, commands: Mapping[str, tuple[str, str]], argv: Sequence[str]) -> int:
    """Runs one command of a table and returns its exit code; never lets a traceback out for a known error."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview(program, about, commands), end="")
        return 0 if argv else 2
    if argv[0] in ("-V", "--version"):
        print(f"{program} {__version__}")
        return 0
    name = argv[0]
    if name not in commands:
        import difflib

        close = difflib.get_close_matches(name, commands, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"'{program} --help' lists the commands"
        print(f"{program}: there is no command '{name}': {hint}", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(commands[name][0])
        parser = argparse.ArgumentParser(prog=f"{program} {name}", description=module.DESCRIPTION,
                                         epilog="examples:\n" + module.EXAMPLES.strip("\n"),
                                         formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(parser)
        args = parser.parse_args(list(argv[1:]))
        return int(module.run(args))
    except EdgeFaceError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away ("| head"): quiet, as every Unix tool is.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 2


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console command `edge-face`."""
    return dispatch("edge-face", "The door that knows its people and forgets everybody else.", COMMANDS,
                    list(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(main())
