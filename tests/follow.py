"""Follow a page literally, in a copy of the project and with a new environment: ``python -m tests.follow PAGE``.

Files that a page shows with ``cat`` are written, all other commands are typed into one shell, and what they print
has to be what the page says.  Python examples are run at the end.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NEEDED = ("src", "scenarios", "pyproject.toml", "README.md", "LICENSE")
_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")  # which would lead it back here
_END = "that was it"


def main() -> None:
    """Follow the page that is named, and end with what went wrong."""
    text = (ROOT / sys.argv[1]).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in _NEEDED:
            source = ROOT / each
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / each)
        shell = subprocess.Popen(
            ["bash"],  # noqa: S607 (whichever there is)
            cwd=folder,
            env={key: value for key, value in os.environ.items() if key not in _OURS} | {"MPLBACKEND": "Agg"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with shell:
            _follow(text, folder, shell)


def _follow(text: str, folder: Path, shell: subprocess.Popen[str]) -> None:
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for command, said in re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            if command.startswith("cat "):
                (folder / command.removeprefix("cat ")).write_text(said, encoding="utf-8")
            else:
                _expect(command, said, *_typed(shell, command))
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)):
        (folder / f"example{number}.py").write_text(block, encoding="utf-8")
        command = f"python example{number}.py"
        _expect(command, "", *_typed(shell, command))


def _typed(shell: subprocess.Popen[str], command: str) -> tuple[str, int]:
    """Type a command and return what is printed until it has ended, and its exit code."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{command}\necho {_END} $?\n")
    shell.stdin.flush()
    lines: list[str] = []
    for line in shell.stdout:
        if line.startswith(_END):
            return "".join(lines), int(line.removeprefix(_END))
        lines.append(line)
    return "".join(lines), -1


def _expect(command: str, said: str, printed: str, code: int) -> None:
    """End if a command does not print what the page says; where the page says nothing, if it fails."""
    sys.stdout.write(f"$ {command}\n")
    sys.stdout.flush()
    if said and not doctest.OutputChecker().check_output(said, printed, doctest.ELLIPSIS):
        sys.exit(f"expected:\n{said}\nfound:\n{printed}")
    if not said and code:
        sys.exit(f"it ended with {code}:\n{printed}")


if __name__ == "__main__":
    main()
