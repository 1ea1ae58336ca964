"""The evaluation of a training: its splits and, if there are any, the texts outside its classes."""

from __future__ import annotations

from textune.context import Context
from textune.evaluation.evaluating import evaluate_splits
from textune.evaluation.evaluating_outside import evaluate_outside
from textune.evaluation.evaluation import Evaluation
from textune.training.method import Fit, Method, Task

_CHANCE = 0.5
"""The area under the ROC curve of a score that says nothing."""


def evaluate_training(task: Task, method: Method, fit: Fit, ctx: Context) -> Evaluation:
    """Measure a trained classifier; see `evaluate_splits` and `evaluate_outside`."""
    with ctx.clock.stage("evaluate"):
        ctx.stage("Evaluating")
        evaluation = evaluate_splits(
            task.texts.dataset,
            method.probabilities(),
            settings=task.recipe.evaluate,
            calibration=fit.calibration,
            **task.texts.counted,
            cut_probabilities=fit.cut_probabilities,
            ctx=ctx,
        )
        if task.data.outside is None:
            return evaluation
        from textune.training.outside_logits import outside_logits

        outside = evaluate_outside(
            task.texts.dataset,
            task.data.outside,
            share=task.recipe.evaluate.other_share,
            logits=lambda split: method.logits(split).detach().cpu().numpy(),
            outside_logits=outside_logits(task, ctx),
        )
        answers = outside.effect.test
        if answers is not None and answers.auroc_ci95[0] <= _CHANCE:
            ctx.note(
                "The classifier hardly tells texts outside its classes apart: on test, the area under the "
                f"ROC curve is {answers.auroc:.1%}, and chance alone gives 50 %."
            )
        return evaluation.with_outside(outside)
