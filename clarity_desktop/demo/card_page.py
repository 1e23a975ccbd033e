"""The card of a pretrained checkpoint as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["card_page"]

_ENDED: Final = {
    "time": "the time given to it was over",
    "epochs": "the last epoch of the recipe was done",
    "no progress": "the validation loss had gone stale, as the recipe says",
    "cancelled": "somebody stopped it",
}

_PAGE: Final = """\
# {label}, pretrained on simulated people

**{notice}** {use}

It lets every part of the program that uses PAT work on a fresh machine. It was made from simulated movement and has
never seen a person; an embedding made with it is no finding about anybody. There is no head.

| | |
|---|---|
| id | `{id}` |
| parameters | {parameters} (autoencoder {autoencoder_parameters}) |
| SHA-256 of the weights | `{sha256}` |
| SHA-256 of the autoencoder | `{autoencoder_sha256}` |
| SHA-256 of the cohort statistics | `{cohort_sha256}` |
| input | {input} |
| wear | {wear_rule} |
| licence | {licence} |

{attribution}

## People

{training_people} simulated people for training, {validation_people} for choosing the epoch, {test_people} for the
figures below; one week each, nobody in two groups. They differ in chronotype, work (office, manual, none, rotating
shifts, night work, not entrained), sleep length and regularity, awakenings, naps, activity, exercise, habit of
charging and scale of the device. The distributions are fitted to no data set. Population version
{population_version}, seed {seed}.

## Training

The published recipe: {mask_share} of patches hidden, one set a batch, mean squared error over all minutes, Adam
with a learning rate of {learning_rate:g}. Less than the recipe: batches of {batch} in place of {published_batch},
and {epochs} epochs ({steps} steps) in place of up to 10 000; it ended because {ended_words}. The first weights
follow Glorot, which the recipe does not name. The weights are those of epoch {best_epoch}, validation loss
{validation_loss:.4f}. Compute: {processor_minutes} minutes of processor time ({device}); no GPU.

![Loss by epoch]({id}.svg)

The numbers of the curves: [{id}.csv]({id}.csv).

## Reconstruction of people it never saw

{test_people} people. {measure}.

| at the same hidden minutes | error | model less baseline (95 % interval) |
|---|---:|---|
| **this checkpoint** | **{model_mse:.4f}** | |
{baselines}

{verdicts}

Much of the error is beyond any model: counts of single minutes are noisy, and reconstructions end at ± 2 standard
deviations, as published, while counts go far beyond.

Made again by `python -m clarity_desktop.demo.pretraining FOLDER --models models`.
"""


def card_page(card: Mapping[str, Any]) -> str:
    """The page, in Markdown, of a card that :func:`clarity_desktop.demo.checkpoint.write_checkpoint` made."""
    training, evaluation = card["training"], card["evaluation"]
    rows, verdicts = [], []
    for one in sorted(evaluation["baselines"].values(), key=lambda one: -float(one["mse"])):
        low, high = one["interval_95"]
        difference = f"{one['model_less_baseline']:+.4f} ({low:+.4f} to {high:+.4f})"
        rows.append(f"| {one['words']} | {one['mse']:.4f} | {difference} |")
        verdicts.append(f"{'Ahead of' if one['model_ahead'] else 'Not ahead of'} {one['words']}.")
    page = _PAGE.format_map(
        {
            **card,
            **training,
            "mask_share": f"{training['mask_ratio']:.0%}",
            "ended_words": _ENDED[training["ended"]],
            "measure": evaluation["what"][0].upper() + evaluation["what"][1:],
            "model_mse": evaluation["model_mse"],
            "baselines": "\n".join(rows),
            "verdicts": " ".join(verdicts),
        }
    )
    return page.replace("90%", "90 %").replace(" %", "\u202f%").replace("-0.", "−0.")
