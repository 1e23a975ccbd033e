"""Lets ``python -m clarity_desktop`` be the command line, and the window when nothing is asked."""

from __future__ import annotations

from multiprocessing import freeze_support

from clarity_desktop.cli.main import main

if __name__ == "__main__":
    # In a frozen program the processes of imports start here as well; this call takes them to their work.
    freeze_support()
    main()
