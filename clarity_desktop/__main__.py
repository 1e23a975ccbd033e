"""Lets ``python -m clarity_desktop`` be the command line, and the window when nothing is asked."""

from __future__ import annotations

from clarity_desktop.cli.main import main

if __name__ == "__main__":
    main()
