"""Answer with the time that pyActigraphy takes for a family of metrics; run by the peer's own interpreter.

This file is never imported by the program. It reads names of families from standard input, one a line, runs each
on the recording named on the command line (an .npz with ``counts``, NaN where missing), and writes one line of JSON.
"""

import json
import sys
import time
import warnings


def families(counts):
    """What to run by family, on counts a minute that begin at a local midnight."""
    import numpy as np
    import pandas as pd
    from pyActigraphy.analysis import Cosinor, Fractal
    from pyActigraphy.io import BaseRaw

    index = pd.date_range("2023-01-01", periods=counts.size, freq="1min")
    # Counts as they come from its readers; missing minutes are 0 under a mask, which is how the peer treats them.
    data = pd.Series(np.nan_to_num(counts), index=index)
    frequency = pd.Timedelta("1min")
    raw = BaseRaw("year", "0", "peer", None, index[0], index[-1] - index[0], frequency, data, None)
    raw.mask = pd.Series(np.where(np.isfinite(counts), 1.0, 0.0), index=index)
    raw.mask_inactivity = True
    # The scorers read through the mask too; they were written for unmasked data, so they get it unmasked.
    plain = BaseRaw("year", "0", "peer", None, index[0], index[-1] - index[0], frequency, data, None)
    scales = 10 * np.unique(np.rint(np.geomspace(1, 144, 24)).astype(int))

    def rest_activity():
        for name in ("IS", "IV", "ISm", "IVm", "L5", "M10", "RA"):
            getattr(raw, name)(binarize=False)

    def per_period():
        for name in ("ISp", "IVp", "RAp"):
            getattr(raw, name)(period="7D", binarize=False)

    def transitions():
        for name in ("pRA", "pAR", "kRA", "kAR"):
            getattr(plain, name)(threshold=4)

    return {
        "wear": lambda: plain.create_inactivity_mask("90min"),
        "rest_activity": rest_activity,
        "per_period": per_period,
        "cosinor": lambda: Cosinor().fit(data),
        "dfa": lambda: Fractal.dfa(data, scales, deg=1),
        "transitions": transitions,
        "cole_kripke": lambda: plain.CK(settings="mean", rescoring=True),
        "sadeh": plain.Sadeh,
        "scripps": plain.Scripps,
        "oakley": lambda: plain.Oakley(threshold=40),
        "roenneberg": plain.Roenneberg,
        "crespo": plain.Crespo,
        "sri": lambda: plain.SleepRegularityIndex(algo="CK", settings="mean"),
    }


def measured(work):
    """Milliseconds of processor time of one run."""
    begin = time.thread_time()
    work()
    return 1000 * (time.thread_time() - begin)


def main():
    """Answer requests until the input ends."""
    warnings.simplefilter("ignore")
    import numpy as np

    with np.load(sys.argv[1]) as file:
        counts = file["counts"]
    # A short record first, so that what is compiled or loaded on the first call is not counted.
    for warm in families(counts[: 15 * 1440]).values():
        warm()
    work = families(counts)
    print(json.dumps(sorted(work)), flush=True)
    for line in sys.stdin:
        name = line.strip()
        try:
            times = [measured(work[name])]
            # What is over in a moment is run some times more, since one run of it says little.
            times += [measured(work[name]) for _ in range(6 if times[0] < 100 else 0)]
            answer = {"family": name, "milliseconds": sorted(times)[len(times) // 2], "runs": len(times)}
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            answer = {"family": name, "reason": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
