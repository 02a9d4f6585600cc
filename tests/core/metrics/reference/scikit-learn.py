"""Makes scikit-learn.json beside this file: what scikit-learn 1.2.1 says of a few answers.

Run: python3 tests/core/metrics/reference/scikit-learn.py (Debian 12: python3-sklearn).
"""
import json
import pathlib

import numpy as np
from sklearn import metrics

random = np.random.default_rng(11)
n, k = 60, 4
labels = random.integers(0, 3, n)  # class 3 has no images
logits = np.round(random.normal(0, 1, (n, k)) + 1.5 * np.eye(k)[labels], 1).astype(np.float32)
logits[:, 3] = np.minimum(logits[:, 3], 1.2)
logits[:, 1] -= np.float32(1)
logits = np.round(logits, 1)
z = logits.astype(np.float64)
p = np.exp(z - z.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)
answers = p.argmax(1)


def scores(average, true, guess, **more):
    values = metrics.precision_recall_fscore_support(true, guess, average=average, zero_division=0, **more)[:3]
    return [np.asarray(value).tolist() for value in values]


def curve(c):
    fpr, tpr, _ = metrics.roc_curve(labels == c, p[:, c], drop_intermediate=False)
    return [fpr.tolist(), tpr.tolist()]


never = np.where(answers == 1, 0, answers)
out = {
    "classes": k,
    "labels": labels.tolist(),
    "logits": [round(float(x), 1) for x in logits.ravel()],
    "accuracy": metrics.accuracy_score(labels, answers),
    "each": scores(None, labels, answers, labels=range(k)),
    "macro": scores("macro", labels, answers),
    "micro": scores("micro", labels, answers),
    "weighted": scores("weighted", labels, answers),
    "weightedNeverOne": scores("weighted", labels, never),
    "macroNeverOne": scores("macro", labels, never),
    "eachNeverOne": scores(None, labels, never, labels=range(k)),
    "logLoss": metrics.log_loss(labels, p, labels=range(k), eps=float(np.finfo(np.float32).eps)),
    "auc": [metrics.roc_auc_score(labels == c, p[:, c]) for c in range(3)],
    "aucCoarse": [metrics.roc_auc_score(labels == c, np.round(p[:, c], 1)) for c in range(3)],
    "curve": curve(0),
    # Of equal values scikit-learn puts the higher class first, and Whittle the lower.
    "top2": metrics.top_k_accuracy_score(labels, z - 1e-6 * np.arange(k), k=2, labels=range(k)),
}
three = p[:, :3] / p[:, :3].sum(1, keepdims=True)
out["aucMacroThree"] = metrics.roc_auc_score(labels, three, multi_class="ovr", average="macro")
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
