"""Promises of text_similarity beyond what the oracle compares."""

import builtins
import threading

import pytest

from rft.errors import UserError
from rft.graders import parse_spec
from rft.graders.similarity import measure
from tests import grader_fixtures

start = grader_fixtures.start
TEXT = {"type": "text_similarity", "name": "t", "reference": "{{item.gold}}"}
SAME = {**TEXT, "input": "{{sample.output_text}}"}
SENTENCE = "the right answer has five words"
METRICS = ["bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"]


@pytest.mark.parametrize("metric", ["fuzzy_match", *METRICS])
def test_equal_texts_score_1_and_unlike_ones_0(start, metric):
    pytest.importorskip("rouge_score")
    grader = start({**SAME, "evaluation_metric": metric})
    rewards = [grader.grade({"output_text": t}, {"gold": SENTENCE}).reward for t in (SENTENCE, "")]
    assert rewards == [pytest.approx(1.0), 0.0]


@pytest.mark.parametrize("metric", ["bleu", "gleu"])
@pytest.mark.parametrize("text", ["one", "one two", "one two three"])
def test_a_short_right_answer_scores_1(metric, text):
    pytest.importorskip("nltk")
    assert measure(metric)(text, text) == pytest.approx(1.0)


def test_cosine_is_refused_with_the_reason():
    with pytest.raises(UserError, match=r"evaluation_metric: 'cosine' asks .* evals only; use"):
        parse_spec({**SAME, "evaluation_metric": "cosine"})


@pytest.mark.parametrize(
    ("metric", "package"),
    [("bleu", "nltk"), ("meteor", "nltk"), ("rouge_2", "rouge-score"), ("rouge_l", "rouge-score")],
)
def test_a_missing_library_is_one_sentence_before_anything_runs(
    start, monkeypatch, metric, package
):
    whole = builtins.__import__

    def without(name, *more, **options):
        if name.partition(".")[0] in ("nltk", "rouge_score"):
            raise ImportError(name)
        return whole(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError) as caught:
        start({**SAME, "evaluation_metric": metric})
    assert f"needs the package {package}; run `pip install" in str(caught.value)
    assert str(caught.value).endswith("-e '.[text]'`.")


class _WordNet:
    """As NLTK's, with one pair of synonyms, or without its data."""

    def __init__(self, data=True):
        self.data = data

    def synsets(self, word):
        if not self.data:
            raise LookupError("wordnet")
        return [_Synset()] if word in ("car", "auto") else []


class _Synset:
    def lemmas(self):
        return [_Lemma("car"), _Lemma("auto")]


class _Lemma:
    def __init__(self, word):
        self.word = word

    def name(self):
        return self.word


def test_meteor_without_its_data_is_one_sentence_and_never_a_number(monkeypatch):
    corpus = pytest.importorskip("nltk.corpus")
    monkeypatch.setattr(corpus, "wordnet", _WordNet(data=False))
    with pytest.raises(UserError, match=r"wordnet data; fetch it once \(python -m nltk.downloader"):
        measure("meteor")


def test_meteor_knows_synonyms(monkeypatch):
    corpus = pytest.importorskip("nltk.corpus")
    monkeypatch.setattr(corpus, "wordnet", _WordNet())
    meteor = measure("meteor")
    assert meteor("an auto here", "an car here") == meteor("an car here", "an car here") > 0.9
    assert meteor("an bus here", "an car here") < 0.8
    assert meteor("", "an car here") == 0.0


def test_a_metric_may_be_asked_from_many_threads():
    rouge = pytest.importorskip("rouge_score") and measure("rouge_l")
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda: found.append(rouge(SENTENCE, SENTENCE))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1.0] * 8
