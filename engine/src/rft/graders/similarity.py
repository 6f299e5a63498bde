"""The metrics of text_similarity, each by the library that the hosted image has for it.

The contract names the metric and not its settings. Ours: fuzzy_match is rapidfuzz's plain ratio
(WRatio would reward an answer for holding the reference somewhere); bleu, gleu and meteor see words
split at white space; bleu is smoothed (method 1) and takes shorter n-grams for texts under four
words, so that equal texts score 1; rouge is the F-measure of rouge-score without stemming, which
sees the letters a-z and digits only, and gives texts of fewer than n words a rouge_n of 0.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rft.errors import UserError, install_hint

Measure = Callable[[str, str], float]
_PACKAGES = {"fuzzy": "rapidfuzz", "rouge": "rouge-score"}
_WORDNET = "python -m nltk.downloader wordnet"


def measure(metric: str) -> Measure:
    """The function (given, reference) -> score in [0, 1] of a metric; loads its library.

    Raises UserError, one sentence with the remedy, when the library or its data are missing.
    """
    family = metric.partition("_")[0]
    try:
        if family == "fuzzy":
            return _fuzzy()
        return _rouge(metric) if family == "rouge" else _nltk(metric)
    except ImportError:
        package = _PACKAGES.get(family, "nltk")
        # rapidfuzz is a dependency of the library itself, the others come with the extra.
        how = "run `pip install rapidfuzz`" if package == "rapidfuzz" else install_hint("text")
        raise UserError(
            f"text_similarity by {metric} needs the package {package}; {how}."
        ) from None


def _fuzzy() -> Measure:
    from rapidfuzz import fuzz

    return lambda given, reference: fuzz.ratio(given, reference) / 100


def _rouge(metric: str) -> Measure:
    from rouge_score.rouge_scorer import RougeScorer

    name = "rougeL" if metric == "rouge_l" else metric.replace("_", "")
    scorer = RougeScorer([name])
    return lambda given, reference: float(scorer.score(reference, given)[name].fmeasure)


def _nltk(metric: str) -> Measure:
    from nltk.translate import bleu_score, gleu_score, meteor_score

    if metric == "bleu":
        smooth = bleu_score.SmoothingFunction().method1

        def bleu(given: str, reference: str) -> float:
            words = [reference.split()], given.split()
            score = bleu_score.sentence_bleu(*words, smoothing_function=smooth, auto_reweigh=True)
            return float(score)

        return bleu
    if metric == "gleu":
        return lambda given, reference: float(
            gleu_score.sentence_gleu([reference.split()], given.split())
        )
    wordnet = _wordnet()
    turn = threading.Lock()  # nltk's corpus readers share one open file

    def meteor(given: str, reference: str) -> float:
        with turn:
            return float(
                meteor_score.single_meteor_score(reference.split(), given.split(), wordnet=wordnet)
            )

    return meteor


def _wordnet() -> Any:
    """NLTK's WordNet; without it METEOR would miss every synonym, so it is needed at once."""
    from nltk.corpus import wordnet

    try:
        wordnet.synsets("dog")
    except LookupError:
        raise UserError(
            f"text_similarity by meteor needs NLTK's wordnet data; fetch it once ({_WORDNET})."
        ) from None
    return wordnet
