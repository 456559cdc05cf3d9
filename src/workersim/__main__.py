"""``python -m workersim``: the shell command."""

from workersim.cli import main

if __name__ == "__main__":
    main(prog_name="python -m workersim")
