"""Answer with the time that Keras 3 with TensorFlow takes for the PAT encoder; run by the peer's own interpreter.

This file is never imported by the program. The folder named on the command line holds ``<size>.npz`` with the arrays of
a weight file by dataset name, windows and what a float64 forward pass makes of them. Each line of standard input asks
for a size and a number of windows, computed together or one by one; each answer is one line of JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIZES = {"s": (18, 6, 1), "m": (18, 12, 2), "l": (9, 12, 4)}
WIDTH = 96


def memory_mb(field):
    """Resident memory of this process now (VmRSS) or at its peak (VmHWM), MB; 0 where the system does not tell."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as status:
            for line in status:
                if line.startswith(field):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def encoder(size, held):
    """The published encoder from Keras layers, with weights, as a traced function from windows to tokens and mean."""
    import keras
    import numpy as np
    import tensorflow as tf

    patch, heads, blocks = SIZES[size]
    tokens = 10080 // patch
    half = WIDTH // 2
    phase = np.arange(tokens)[:, None] * np.exp(-np.log(10000.0) * 2 * np.arange(half) / WIDTH)
    table = np.concatenate([np.sin(phase), np.cos(phase)], axis=1).astype(np.float32)
    inputs = keras.Input((10080,))
    x = keras.layers.Reshape((tokens, patch))(inputs)
    embed = keras.layers.Dense(WIDTH)
    x = embed(x) + table
    embed.set_weights([held["dense/dense/kernel:0"], held["dense/dense/bias:0"]])
    for block in range(1, blocks + 1):
        root = f"encoder_layer_{block}_transformer/encoder_layer_{block}"
        attention = keras.layers.MultiHeadAttention(heads, WIDTH)
        h = attention(x, x)
        # Set by layer and not by place: Keras keeps query, value and key in an order of its own.
        for part, layer in (
            ("query", attention._query_dense),
            ("key", attention._key_dense),
            ("value", attention._value_dense),
            ("attention_output", attention._output_dense),
        ):
            layer.set_weights([held[f"{root}_attention/{part}/{kind}:0"] for kind in ("kernel", "bias")])
        norm1, norm2 = keras.layers.LayerNormalization(epsilon=1e-6), keras.layers.LayerNormalization(epsilon=1e-6)
        first, second = keras.layers.Dense(256, activation="relu"), keras.layers.Dense(WIDTH)
        h = norm1(x + h)
        x = norm2(h + second(first(h)))
        for layer, name, kinds in (
            (norm1, "norm1", ("gamma", "beta")),
            (norm2, "norm2", ("gamma", "beta")),
            (first, "ff1", ("kernel", "bias")),
            (second, "ff2", ("kernel", "bias")),
        ):
            layer.set_weights([held[f"{root}_{name}/{kind}:0"] for kind in kinds])
    model = keras.Model(inputs, x)

    @tf.function(input_signature=[tf.TensorSpec((None, 10080), tf.float32)])
    def run(windows):
        found = model(windows, training=False)
        return found, tf.reduce_mean(found, axis=1)

    return run


def main(folder):
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    models = {}
    print(json.dumps({"rss_mb": memory_mb("VmRSS")}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        size, count = asked["size"], asked["windows"]
        if size not in models:
            with np.load(Path(folder) / f"{size}.npz", allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            models[size] = (encoder(size, held), held["windows"], held["pooled"])
        run, windows, pooled = models[size]
        fed = np.resize(windows, (count, 10080))
        parts = [tf.constant(fed)] if asked["way"] == "together" else [tf.constant(one[None]) for one in fed]
        run(parts[0][:1])
        began = time.process_time()
        found = [run(part)[1].numpy() for part in parts]
        spent = 1000 * (time.process_time() - began)
        error = float(np.abs(np.concatenate(found)[: len(pooled)] - pooled[:count]).max())
        answer = {"ms": spent, "error": error, "rss_mb": memory_mb("VmRSS"), "peak_mb": memory_mb("VmHWM")}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
