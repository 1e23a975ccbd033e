"""Time the PAT encoder on one pinned thread beside Keras 3 with TensorFlow, and a year of windows on all cores.

Weights and windows are the seeded random ones of the tests, so that both sides are seen to compute the same. Each side
is a process of its own; rounds alternate between them on one core, and times are of the processor. Memory is the peak
of a fresh process that computes one case. The peer's environment is made on first use (``--peer``).
Run ``python benchmarks/pat.py [--peer] [--repeat 5] [--sizes s,m,l] [--json FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from peers.keras_pat import ENCODER, VERSION, EncoderProcess, prepared
from peers.keras_pat_encoder import memory_mb

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "tests" / "data" / "pat"
MANY = {"s": 64, "m": 64, "l": 8}
YEAR = 359  # windows that begin on each of 365 days but the last six


def write_cases(folder: Path, sizes: list[str]) -> None:
    """Arrays of each size's weight file by dataset name, with windows and pooled goldens, for both sides."""
    import h5py

    for size in sizes:
        arrays: dict[str, np.ndarray] = {}

        def take(name: str, item: object, arrays: dict[str, np.ndarray] = arrays) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[name] = item[()]

        with h5py.File(DATA / f"pat_{size.upper()}_random.h5") as file:
            file.visititems(take)
        with np.load(DATA / f"golden_{size.upper()}.npz", allow_pickle=False) as golden:
            arrays.update(windows=golden["windows"].astype(np.float32), pooled=golden["pooled"])
        np.savez(folder / f"{size}.npz", **arrays)


def loaded(folder: Path, size: str) -> tuple[object, np.ndarray, np.ndarray]:
    """Our encoder of a size with its weights, the windows and their pooled goldens."""
    from clarity_desktop.pat.encoder import Encoder
    from clarity_desktop.pat.layout import as_state
    from clarity_desktop.pat.sizes import SIZES

    with np.load(folder / f"{size}.npz", allow_pickle=False) as file:
        held = {name: file[name] for name in file.files}
    encoder = Encoder(SIZES[size]).eval()
    encoder.load_state_dict(as_state(SIZES[size], held))
    return encoder, held["windows"], held["pooled"]


def answer_lines(folder: Path) -> None:
    """Our side: the same questions as the peer's process answers."""
    import torch

    from clarity_desktop.pat.folded import FoldedEncoder

    torch.set_num_threads(1)
    models: dict[str, tuple[FoldedEncoder, np.ndarray, np.ndarray]] = {}
    left, right = torch.randn(1120, 1120), torch.randn(1120, 1152)
    print(json.dumps({"rss_mb": memory_mb("VmRSS")}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["size"] == "matrix":
            torch.mm(left, right)
            began = time.process_time()
            for _ in range(asked["windows"]):
                torch.mm(left, right)
            spent = time.process_time() - began
            print(json.dumps({"gflops": asked["windows"] * 2e-9 * 1120 * 1120 * 1152 / spent}), flush=True)
            continue
        if asked["size"] not in models:
            encoder, windows, pooled = loaded(folder, asked["size"])
            models[asked["size"]] = (FoldedEncoder(encoder), windows, pooled)
        model, windows, pooled = models[asked["size"]]
        fed = torch.from_numpy(np.resize(windows, (asked["windows"], 10_080)))
        parts = fed.split(len(fed) if asked["way"] == "together" else 1)
        profile = asked["way"] == "with attention"
        model.encode(parts[0][:1])
        began = time.process_time()
        found = [model.encode(part, attention=profile).pooled.numpy() for part in parts]
        spent = 1000 * (time.process_time() - began)
        error = float(np.abs(np.concatenate(found)[: len(pooled)] - pooled[: len(fed)]).max())
        answer = {"ms": spent, "error": error, "rss_mb": memory_mb("VmRSS"), "peak_mb": memory_mb("VmHWM")}
        print(json.dumps(answer), flush=True)


def operations(size: str) -> tuple[float, float]:
    """Multiplications and additions of matrix products for one window: folded, and as published."""
    from clarity_desktop.pat.sizes import FEED_FORWARD, SIZES, WIDTH

    chosen = SIZES[size]
    tokens, inner = chosen.tokens, chosen.inner
    shared = 4 * tokens * tokens * inner + 4 * tokens * WIDTH * FEED_FORWARD
    embedding = 2 * tokens * chosen.patch * WIDTH
    projection = 2 * tokens * WIDTH * inner
    return chosen.blocks * (shared + 2 * projection) + embedding, chosen.blocks * (shared + 4 * projection) + embedding


def year(folder: Path) -> dict[str, float]:
    """A year of daily-stepped windows with PAT-S, attention profile included, on the cores of this process."""
    from clarity_desktop.pat.inference import embed

    encoder, windows, _ = loaded(folder, "s")
    fed = np.resize(windows, (YEAR, 10_080))
    embed(encoder, fed[:4], device="cpu")
    wall, processor = [], []
    for _ in range(3):
        began, spent = time.perf_counter(), time.process_time()
        embed(encoder, fed, device="cpu")
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - spent)
    return {"windows": YEAR, "wall_s": min(wall), "processor_s": min(processor), "cores": os.cpu_count() or 1}


def measured(folder: Path, sizes: list[str], repeat: int, peer: bool, core: int | None) -> dict[str, object]:
    """Times by case in alternating rounds, then memory by fresh processes."""
    ours_command = [sys.executable, str(HERE / "pat.py"), "--answer"]
    peer_command = [str(prepared()), str(ENCODER)] if peer else []
    cases = [(size, count) for size in sizes for count in (1, MANY[size])]
    times: dict[tuple[str, str, int], list[float]] = {}
    errors: dict[tuple[str, str], float] = {}
    rates: list[float] = []
    with EncoderProcess(ours_command, folder, core) as ours:
        beside = EncoderProcess(peer_command, folder, core) if peer else None
        try:
            for turn in range(repeat + 1):
                for size, count in cases:
                    rates.append(ours.ask("matrix", 20)["gflops"])
                    runs = 5 if count == 1 else 1
                    asked = [("ours", ours, "one by one"), ("ours, with attention", ours, "with attention")]
                    if beside is not None:
                        asked += [("peer, together", beside, "together"), ("peer, one by one", beside, "one by one")]
                    for name, process, way in asked:
                        if count == 1 and name == "peer, together":
                            continue
                        found = [process.ask(size, count, way=way) for _ in range(runs)]
                        errors[name, size] = max(errors.get((name, size), 0.0), *(one["error"] for one in found))
                        if turn:  # the first round warms up
                            times.setdefault((name, size, count), []).extend(one["ms"] for one in found)
        finally:
            if beside is not None:
                beside.__exit__(None, None, None)
    memory = {}
    for size, count in cases:
        for name, command, way in (("ours", ours_command, "one by one"), ("peer", peer_command, "together")):
            if command:
                with EncoderProcess(command, folder, core) as fresh:
                    peak = fresh.ask(size, count, way=way)["peak_mb"]
                    memory[f"{name} {size} {count}"] = {"idle_mb": fresh.about["rss_mb"], "peak_mb": peak}
    rate = statistics.median(rates)
    shares = {}
    for size in sizes:
        spent = statistics.median(times["ours", size, 1])
        shares[size] = [one / 1e6 / spent / rate for one in operations(size)]
    return {
        "matrix_gflops": rate,
        "times": {
            f"{name} | {size} {count}": {"median_ms": statistics.median(found), "least_ms": min(found)}
            for (name, size, count), found in times.items()
        },
        "pooled_errors": {f"{name} {size}": value for (name, size), value in errors.items()},
        "memory": memory,
        "share_of_matrix_rate_folded_and_published": shares,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer", metavar="FOLDER", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sizes", default="s,m,l")
    parser.add_argument("--core", type=int, default=None)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if chosen.answer is not None:
        answer_lines(chosen.answer)
        return 0
    core = chosen.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))
    sizes = chosen.sizes.split(",")
    with tempfile.TemporaryDirectory() as name:
        write_cases(Path(name), sizes)
        result = measured(Path(name), sizes, chosen.repeat, chosen.peer, core)
        if "s" in sizes:
            result["year"] = year(Path(name))
    result["peer"] = VERSION if chosen.peer else None
    text = json.dumps(result, indent=1)
    if chosen.json is not None:
        chosen.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
