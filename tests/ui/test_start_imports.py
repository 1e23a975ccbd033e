"""What the start of the window brings into memory before the first paint."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("torch", "scipy", "polars", "reportlab", "boto3", "httpx", "pyqtgraph", "sqlalchemy", "sqlcipher3")


def test_the_first_paint_needs_no_heavy_package() -> None:
    program = (
        "import json, sys\n"
        "from clarity_desktop.app import open_services\n"
        "import clarity_desktop.ui.application\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == []
