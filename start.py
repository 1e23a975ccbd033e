#!/usr/bin/env python3
"""Sets up all that Clarity Desktop needs on this machine, then runs it, its tests or its benchmarks.

    python3 start.py                        open the program on simulated people
    python3 start.py test [--all] [ARGS]    checks and fast tests; --all adds the slow ones; ARGS go to pytest
    python3 start.py check                  checks only: lint, format, types, room borders
    python3 start.py screenshots [DIR]      every page as PNG (default: out/screenshots)
    python3 start.py bench [NAME ...]       benchmarks by name; without a name it lists them
    python3 start.py cloud-demo             sign in to a server on this machine, sync a simulated person, compare
    python3 start.py setup                  set up and stop

Only the standard library is used, and the syntax is kept readable for old Python 3 so that it can say what it needs.
"""

import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "clarity-stamp.json"
LOG = VENV / "clarity-install.log"
OUT = ROOT / "out"

# Library that the dynamic linker must find -> Debian package that brings it.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
}
X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
WAYLAND_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
# Program that tests run -> Debian package that brings it. Without it those tests are left out, except in CI.
TEST_PROGRAMS = {"dbus-daemon": "dbus-daemon"}
NETWORK_SIGNS = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ConnectionError|Max retries exceeded|Temporary failure"
    r"|Network is unreachable|ProxyError|Could not fetch URL|Read timed out",
)
CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy"]),
    ("import-linter", ["-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"]),
)


class Stop(Exception):  # noqa: N818 - it is a stop with a reason, not a fault of the program
    """Setting up cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    print("[start] " + text, flush=True)


# --- Python ---------------------------------------------------------------------------------------------------------


def is_recent(version: "tuple[int, ...]") -> bool:
    """Whether a Python of this version can run the program."""
    return tuple(version[:2]) >= OLDEST


def recent_python() -> "str | None":
    """Path of a Python on this machine that is recent enough, or None."""
    for name in ("python3.12", "python3.13", "python3.11", "python3.14"):
        path = shutil.which(name)
        if path and answers(path):
            return path
    return None


def answers(python: "str | Path") -> bool:
    """Whether this interpreter starts and is recent enough."""
    probe = "import sys; sys.exit(0 if sys.version_info[:2] >= (%d, %d) else 1)" % OLDEST  # noqa: UP031
    try:
        return subprocess.call([str(python), "-c", probe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def hand_over_to_recent_python(arguments: "list[str]") -> int:
    """Run this file again with a Python that is recent enough, or say what is needed."""
    found = recent_python()
    needed = ".".join(str(part) for part in OLDEST)
    here = ".".join(str(part) for part in sys.version_info[:3])
    if found is None:
        raise Stop(
            "Clarity Desktop needs Python " + needed + " or newer; this is Python " + here + ".\n"
            "Install a newer Python (python.org, or your system's packages) and run: python3 start.py"
        )
    say("This is Python " + here + "; going on with " + found)
    return subprocess.call([found, str(ROOT / "start.py")] + arguments)  # noqa: RUF005 - readable for old Python 3


# --- Debian packages ------------------------------------------------------------------------------------------------


def loads(library: str) -> bool:
    """Whether the dynamic linker finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def wanted_libraries(environment: "dict[str, str]") -> "dict[str, str]":
    """What Qt needs to draw at all, and what a screen needs besides, where there is one."""
    wanted = dict(QT_LIBRARIES)
    if environment.get("DISPLAY"):
        wanted.update(X11_LIBRARIES)
    if environment.get("WAYLAND_DISPLAY"):
        wanted.update(WAYLAND_LIBRARIES)
    return wanted


def ensure_test_programs() -> None:
    """Bring the programs that tests run beside the library; where this user may not, say which tests are left out."""
    if not sys.platform.startswith("linux"):
        return
    missing = [program for program in TEST_PROGRAMS if not shutil.which(program)]
    if missing:
        try:
            install_debian([TEST_PROGRAMS[program] for program in missing], "Tests run " + ", ".join(missing) + ".")
        except Stop as stop:
            say(str(stop))
            say("Going on without; the tests that need it are left out.")


def install_debian(packages: "list[str]", why: str) -> None:
    """Install Debian packages when this user may; else stop with the exact command."""
    by_hand = "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        raise Stop(why + "\nInstall them with your system's package manager. On Debian they are: " + " ".join(packages))
    prefix = []  # type: list[str]
    if os.geteuid() != 0:
        null = subprocess.DEVNULL
        if not shutil.which("sudo") or subprocess.call(["sudo", "-n", "true"], stdout=null, stderr=null) != 0:
            raise Stop(why + "\nRun this command, then start again:\n\n    " + by_hand + "\n")
        prefix = ["sudo", "-n"]
    say(why)
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    for step in (["update"], ["install", "-y", "--no-install-recommends"] + packages):  # noqa: RUF005
        say("apt-get " + " ".join(step))
        if subprocess.call(prefix + environment + ["apt-get", "-q"] + step) != 0 and step[0] == "install":
            raise Stop("The system packages could not be installed. Try it by hand:\n\n    " + by_hand + "\n")


def ensure_system_libraries(environment: "dict[str, str]") -> None:
    """On Linux, make sure that Qt finds the system's graphics libraries."""
    if not sys.platform.startswith("linux"):
        return
    wanted = wanted_libraries(environment)
    missing = [library for library in wanted if not loads(library)]
    if missing:
        names = ", ".join(missing)
        install_debian([wanted[library] for library in missing], "Qt needs system libraries that are missing: " + names)
        still = [library for library in missing if not loads(library)]
        if still:
            raise Stop("These libraries are still not found after the installation: " + ", ".join(still))


# --- The virtual environment ----------------------------------------------------------------------------------------


def venv_python(venv: "Path" = VENV, platform: str = sys.platform) -> Path:
    """The interpreter inside the virtual environment; it is called by path, so nothing is ever activated."""
    return venv / "Scripts" / "python.exe" if platform == "win32" else venv / "bin" / "python"


def fingerprint(root: "Path" = ROOT) -> str:
    """Hash of what decides which packages are installed: project table, build system, constraints."""
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    relevant = {key: project.get(key) for key in ("build-system", "project")}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    digest.update((root / "constraints.txt").read_bytes())
    return digest.hexdigest()


def read_stamp(path: "Path" = STAMP) -> "dict[str, str]":
    """What the last complete installation wrote, or nothing."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def extras_missing(stamp: "dict[str, str]", wanted: str, current: str) -> bool:
    """Whether packages must be installed: ``wanted`` is ``run`` or ``dev``, and ``dev`` contains ``run``."""
    good = {key for key in ("run", "dev") if stamp.get(key) == current}
    return not (wanted in good or "dev" in good)


def venv_is_whole(stamp: "dict[str, str]") -> bool:
    """Whether the environment was made completely, here, and its interpreter still starts."""
    python = venv_python()
    config = VENV / "pyvenv.cfg"
    moved = stamp.get("root", str(ROOT)) != str(ROOT)
    pip = list(VENV.glob("lib/python*/site-packages/pip/__main__.py")) or list(
        VENV.glob("Lib/site-packages/pip/__main__.py")
    )
    return config.is_file() and python.exists() and bool(pip) and not moved and answers(python)


def make_venv() -> None:
    """Create the virtual environment afresh, with pip."""
    try:
        import ensurepip
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]  # noqa: UP031
        install_debian([package], "This Python lacks the parts that make virtual environments.")
    else:
        del ensurepip
    if VENV.exists() or VENV.is_symlink():
        say("The environment in .venv is not complete; making it again")
        if VENV.is_dir() and not VENV.is_symlink():
            shutil.rmtree(str(VENV))
        else:
            VENV.unlink()
    say("Making the virtual environment in .venv")
    if subprocess.call([sys.executable, "-m", "venv", str(VENV)]) != 0:
        raise Stop("The virtual environment could not be made. The lines above say why.")


def pip_arguments(wanted: str) -> "list[str]":
    """What pip is asked to install.

    Indexes, certificates and proxies come from pip's own configuration. torch comes in builds with and without CUDA:
    the version pinned in constraints.txt is what pip is asked for, and the index decides which build that is.
    """
    target = ".[dev,pat]" if wanted == "dev" else ".[pat]"
    return ["install", "--progress-bar", "off", "-c", "constraints.txt", "-e", target]


def install_packages(wanted: str) -> None:
    """Install the packages with pip, showing one short line each; the whole output is kept in a log."""
    say("Installing packages (first time: one to three minutes)")
    began = time.monotonic()
    command = [str(venv_python()), "-m", "pip"] + pip_arguments(wanted)  # noqa: RUF005
    count = 0
    lines = []  # type: list[str]
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=child_environment()
        )
        assert process.stdout is not None
        with process.stdout as output:
            for raw in output:
                line = raw.decode("utf-8", "replace").rstrip()
                log.write(line + "\n")
                lines.append(line)
                found = re.match(r"\s*Collecting ([A-Za-z0-9._-]+)", line)
                if found:
                    count += 1
                    say("  %3d  %s" % (count, found.group(1)))  # noqa: UP031
                elif line.startswith(("Installing collected", "Building editable")):
                    say("  " + line.split(":")[0])
        code = process.wait()
    if code != 0:
        raise Stop(explain_pip("\n".join(lines)))
    say("Packages are in place (%.0f s)" % (time.monotonic() - began))


def explain_pip(output: str) -> str:
    """Why pip stopped, for a person, with the last lines of its output."""
    tail = "\n".join("    " + line for line in output.splitlines()[-8:])
    if NETWORK_SIGNS.search(output):
        reason = (
            "The packages could not be fetched: the package index was not reached.\n"
            "Connect to the network (or set pip's proxy or index) and run this again; what is done so far is kept."
        )
    else:
        reason = "pip could not install the packages. The full output is in " + str(LOG.relative_to(ROOT)) + "."
    return reason + "\n\nIts last lines:\n" + tail


def ensure_environment(wanted: str) -> None:
    """Bring the virtual environment to what ``wanted`` needs; does nothing when it is there."""
    stamp = read_stamp()
    current = fingerprint()
    if not venv_is_whole(stamp):
        make_venv()
        stamp = {}
    if extras_missing(stamp, wanted, current):
        STAMP.unlink() if STAMP.exists() else None
        install_packages(wanted)
        fresh = {"root": str(ROOT), wanted: current}
        STAMP.write_text(json.dumps(fresh, indent=1) + "\n", encoding="utf-8")


def child_environment(**extra: str) -> "dict[str, str]":
    """The environment for what is started: ours, without what would lead Python to other packages."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    environment.update(extra)
    return environment


def call(arguments: "list[str]", **extra: str) -> int:
    """Run the environment's Python in the project's folder and wait for it."""
    return subprocess.call(
        [str(venv_python())] + arguments,  # noqa: RUF005
        cwd=str(ROOT),
        env=child_environment(**extra),
    )


# --- Verbs ----------------------------------------------------------------------------------------------------------


def has_display(platform: str, environment: "dict[str, str]") -> bool:
    """Whether a window can be shown."""
    if not platform.startswith("linux"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_program(arguments: "list[str]") -> int:
    """Open the demo vault in a window, or draw it into files where there is no display."""
    ensure_environment("run")
    if has_display(sys.platform, dict(os.environ)):
        say("Opening Clarity Desktop on simulated people")
        return call(["-m", "clarity_desktop", "demo"] + arguments)  # noqa: RUF005
    say("There is no display here. Drawing every page and a report into the folder out/ instead")
    return draw(OUT / "screenshots", ["--report", str(OUT / "report.pdf")] + arguments)  # noqa: RUF005


def draw(folder: Path, arguments: "list[str]") -> int:
    """Render every page of the program on simulated people, without a display."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["-m", "clarity_desktop", "demo", "--screenshots", str(folder)] + arguments  # noqa: RUF005
    code = call(command, QT_QPA_PLATFORM="offscreen")
    if code == 0:
        say("Done. Open the files in " + str(folder))
    return code


def run_checks() -> "list[str]":
    """Lint, format, types and room borders, each in its own section; answers the names of those that did not pass."""
    failed = []
    for name, command in CHECKS:
        print("\n=== " + name + " " + "=" * (70 - len(name)), flush=True)
        if call(command) != 0:
            failed.append(name)
    return failed


def pytest_arguments(everything: bool, extra: "list[str]", cores: int) -> "list[str]":
    """Arguments for pytest: fast tests unless all are asked for, on two cores where there are two."""
    arguments = ["-m", "pytest"]
    if not everything and "-m" not in extra:
        arguments += ["-m", "not slow"]
    parallel = not any(part in ("-s", "--pdb", "-x") or part.startswith("-n") for part in extra)
    if cores >= 2 and parallel:
        arguments += ["-n", "2"]
    return arguments + extra


def run_tests(arguments: "list[str]") -> int:
    """Checks and tests. With arguments for pytest only the tests they choose are run, without the checks."""
    ensure_environment("dev")
    ensure_test_programs()
    everything = "--all" in arguments
    extra = [part for part in arguments if part != "--all"]
    failed = [] if extra else run_checks()
    print("\n=== pytest " + "=" * 64, flush=True)
    code = call(pytest_arguments(everything, extra, os.cpu_count() or 1), QT_QPA_PLATFORM="offscreen")
    if failed:
        say("These checks did not pass: " + ", ".join(failed))
        return 1
    return code


def check(arguments: "list[str]") -> int:
    del arguments
    ensure_environment("dev")
    failed = run_checks()
    say("All checks pass" if not failed else "These checks did not pass: " + ", ".join(failed))
    return 1 if failed else 0


def screenshots(arguments: "list[str]") -> int:
    ensure_environment("run")
    return draw(Path(arguments[0]).resolve() if arguments else OUT / "screenshots", arguments[1:])


def bench(arguments: "list[str]") -> int:
    ensure_environment("dev")
    return call([str(ROOT / "benchmarks" / "run.py")] + arguments, QT_QPA_PLATFORM="offscreen")  # noqa: RUF005


def cloud_demo(arguments: "list[str]") -> int:
    """Everything of the cloud on this machine alone: emulator, server, sign-in, sync, and what came back."""
    ensure_environment("dev")
    return call(["-m", "tests.servers.cloud_demo"] + arguments, QT_QPA_PLATFORM="offscreen")  # noqa: RUF005


def setup(arguments: "list[str]") -> int:
    ensure_environment("dev" if "dev" in arguments else "run")
    say("Everything is in place")
    return 0


VERBS = {
    "test": run_tests,
    "check": check,
    "screenshots": screenshots,
    "bench": bench,
    "cloud-demo": cloud_demo,
    "setup": setup,
}


def main(arguments: "list[str]") -> int:
    if arguments and arguments[0] in ("-h", "--help", "help"):
        print((__doc__ or "").strip())
        return 0
    try:
        if not is_recent(tuple(sys.version_info[:3])):
            return hand_over_to_recent_python(arguments)
        if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
            raise Stop("“" + arguments[0] + "” is not a verb of start.py.\n" + (__doc__ or ""))
        ensure_system_libraries(dict(os.environ))
        if arguments and arguments[0] in VERBS:
            return VERBS[arguments[0]](arguments[1:])
        return open_program(arguments)
    except Stop as stop:
        sys.stdout.flush()
        print("\n[start] " + str(stop), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n[start] Stopped. Run it again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
