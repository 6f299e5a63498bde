"""Every formula against an independent implementation, brute force or a published example."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.proportion import proportion_confint

from rft.stats import (
    Estimate,
    adjust,
    cohen_kappa,
    headroom,
    holm_levels,
    items_needed,
    krippendorff_alpha,
    learnable_share,
    macro_f1,
    mean_interval,
    minimum_detectable_effect,
    paired_difference,
    paired_ratio,
    pass_at_k,
    planned_deviation,
    planned_mde,
    rank_correlation,
    share_interval,
    spread,
)

NAN = float("nan")
BY_ITEM = {"a": [1.0, 0.0, 0.0, 1.0, 1.0], "b": [0.0] * 5, "c": [0.2, 0.2, 1.0, 0.7, 0.2]}


def over_draws(k: int, figure: Callable[[tuple[float, ...]], float]) -> float:
    """Mean over items of a figure over all draws of k answers: what the formulas stand for."""
    return float(
        np.mean(
            [
                np.mean([figure(draw) for draw in itertools.combinations(r, k)])
                for r in BY_ITEM.values()
            ]
        )
    )


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_figures_of_k_answers_are_the_mean_over_all_draws(k: int) -> None:
    assert pass_at_k(BY_ITEM, k).value == pytest.approx(over_draws(k, lambda d: max(d) == 1))
    assert headroom(BY_ITEM, k).value == pytest.approx(over_draws(k, max) - over_draws(k, np.mean))


@pytest.mark.parametrize("group", [2, 3, 5])
def test_a_group_is_learnable_when_its_answers_differ(group: int) -> None:
    expected = over_draws(group, lambda d: max(d) > min(d))
    assert learnable_share(BY_ITEM, group).value == pytest.approx(expected)


def test_pass_at_k_is_human_evals() -> None:
    """The product of Chen et al. (2021), figure 3: 1 - prod(1 - k / i), i = n - c + 1 .. n."""
    n, c, k = 200, 13, 10
    product = 1 - np.prod(1 - k / np.arange(n - c + 1, n + 1))
    assert pass_at_k({"a": [1.0] * c + [0.0] * (n - c)}, k).value == pytest.approx(product)


def test_a_larger_group_than_was_drawn_widens_the_interval_upwards() -> None:
    drawn, planned = learnable_share(BY_ITEM, 5), learnable_share(BY_ITEM, 10)
    assert planned.low == drawn.low
    assert planned.high == min(1.0, 2 * drawn.high)


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (1, 29), (15, 148), (81, 263)])
def test_wilsons_interval_is_statsmodels(hits: int, of: int) -> None:
    low, high = proportion_confint(hits, of, method="wilson")
    result = share_interval(hits, of)
    assert (result.low, result.high) == pytest.approx((max(0, low), high), abs=1e-9)


def test_the_spread_within_an_item_is_that_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 1)) + rng.normal(size=(30, 6))
    within = spread({str(n): row.tolist() for n, row in enumerate(rows)}).within_item ** 2
    between = 6 * rows.mean(axis=1).var(ddof=1)
    assert between / within == pytest.approx(scipy_stats.f_oneway(*rows).statistic)


def test_few_pairs_are_tested_exactly() -> None:
    """With answers right or wrong it is the sign test: binomial over the pairs that differ."""
    a = {str(n): [float(n < 2)] for n in range(12)}
    b = {str(n): [float(n > 1)] for n in range(11)}
    result = paired_difference(a, b)
    assert result.p_value == pytest.approx(scipy_stats.binomtest(2, 11).pvalue)
    assert (result.items, result.verdict) == (11, "tied")


@pytest.mark.parametrize("seed", range(4))
def test_many_pairs_are_tested_as_scipy_does(seed: int) -> None:
    gains = np.random.default_rng(seed).normal(0.05, 0.25, 60)
    a, b = ({str(n): [float(v)] for n, v in enumerate(run)} for run in (gains * 0, gains))
    expected = scipy_stats.permutation_test(
        (gains,), np.mean, permutation_type="samples", vectorized=True, rng=seed
    ).pvalue
    assert paired_difference(a, b).p_value == pytest.approx(expected, abs=0.02)


def gains_of_a_kind(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 50))
    kinds = [
        rng.choice([-1, 0, 1], n, p=[0.1, 0.5, 0.4]),
        rng.normal(0.1, 0.3, n).clip(-1, 1),
        rng.integers(-2, 4, n) / 4,
        np.full(n, rng.choice([0, 0.05, -1])),
    ]
    return [float(gain) for gain in kinds[seed % 4]]


@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("seed", range(40))
def test_interval_and_test_never_contradict_each_other(seed: int, level: float) -> None:
    gains = gains_of_a_kind(seed)
    b = {str(n): [gain] for n, gain in enumerate(gains)}
    result = paired_difference({item: [0.0] for item in b}, b, level=level)
    shown = result.difference.low > 0 or result.difference.high < 0
    assert shown == (result.p_value < level) == (result.verdict != "tied")
    assert result.difference.low <= result.difference.value <= result.difference.high


def test_the_share_of_errors_removed_agrees_with_the_test_of_the_difference() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        a = rng.integers(0, 2, 20).astype(float)
        b = np.where(rng.random(20) < 0.2, 1.0, a)
        share = paired_ratio(b - a, 1 - a, (-9.0, 1.0))
        one, other = ({str(n): [v] for n, v in enumerate(run)} for run in (a, b))
        assert (share.low > 0) == (paired_difference(one, other).verdict == "b")


def test_three_rows_cannot_show_a_difference() -> None:
    a, b = ({str(n): [v] for n, v in enumerate(run)} for run in ([0.0] * 3, [0.3, 0.6, 0.48]))
    result = paired_difference(a, b)
    assert (result.difference.low, result.difference.high, result.verdict) == (-1, 1, "tied")


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(2), 0
    for _ in range(200):
        gains = {str(n): [float(v)] for n, v in enumerate(rng.normal(0.1, 0.3, 30))}
        result = paired_difference({key: [0.0] for key in gains}, gains).difference
        hits += result.low <= 0.1 <= result.high
    assert 0.92 <= hits / 200 <= 0.98


@pytest.mark.parametrize("rows", [32, 72, 128])
def test_the_interval_of_a_rare_gain_covers_the_truth(rows: int) -> None:
    """One row in twenty turns from wrong to right, none the other way."""
    rng, hits = np.random.default_rng(rows), 0
    for _ in range(150):
        gains = {str(n): [float(gain)] for n, gain in enumerate(rng.random(rows) < 0.05)}
        difference = paired_difference({key: [0.0] for key in gains}, gains).difference
        hits += difference.low <= 0.05 <= difference.high
    assert hits >= 0.93 * 150


def test_holms_levels_reject_what_the_corrected_p_values_reject() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        p = [*(rng.random(4) ** 4).tolist(), NAN]
        rejected = [one < 0.05 for one in adjust(p)]
        assert [a < b for a, b in zip(p, holm_levels(p), strict=True)] == rejected


def test_the_better_run_is_named_and_the_sign_says_which() -> None:
    a = {str(n): [0.2, 0.4] for n in range(30)}
    b = {str(n): [0.5, 0.7 + n / 100] for n in range(30)}
    result = paired_difference(a, b)
    assert (result.verdict, result.difference.value > 0.3) == ("b", True)
    assert paired_difference(b, a).verdict == "a"


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_items_needed_are_gpowers(effect: float, pairs: int) -> None:
    """Paired t test, two-sided 5 %, power 80 %: Cohen's small, medium, large effect, G*Power 3."""
    assert items_needed(1.0, effect) == pairs
    fewer = minimum_detectable_effect(1.0, pairs - 1)
    assert minimum_detectable_effect(1.0, pairs) <= effect < fewer


def test_the_detectable_effect_has_the_power_of_the_noncentral_t() -> None:
    effect, n = minimum_detectable_effect(0.4, 50), 50
    shift, cut = effect / 0.4 * math.sqrt(n), scipy_stats.t.ppf(0.975, n - 1)
    power = scipy_stats.nct.sf(cut, n - 1, shift) + scipy_stats.nct.cdf(-cut, n - 1, shift)
    assert power == pytest.approx(0.80, abs=1e-3)


def test_the_planned_deviation_is_that_of_the_gains() -> None:
    """Two simulated runs whose item means correlate 0.7: the formula's own assumption."""
    rng = np.random.default_rng(6)
    cov = 0.04 * np.array([[1, 0.7], [0.7, 1]])
    centres = rng.multivariate_normal([0, 0], cov, 20_000)
    runs = centres[..., None] + rng.normal(0, 0.3, (20_000, 2, 8))
    result = planned_deviation({str(n): r[0].tolist() for n, r in enumerate(runs)}, 8)
    assert result == pytest.approx((runs[:, 1] - runs[:, 0]).mean(axis=1).std(), rel=0.03)


def test_a_base_at_the_floor_does_not_make_small_gains_visible() -> None:
    """Of 20 whole rows, 6 must turn from wrong to right before a sign test sees it (p = .03)."""
    floor = {str(n): [0.0] * 8 for n in range(50)}
    assert planned_mde(floor, 8, 20).high > 5 / 20


def test_cohens_kappa_of_a_known_table() -> None:
    """20 and 15 agreements, 5 and 10 disagreements: kappa 0.4 (Cohen 1960's formula by hand)."""
    a = [1] * 25 + [0] * 25
    b = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    result = cohen_kappa(a, b)
    assert result.value == pytest.approx(0.4)
    assert result.value == pytest.approx(cohen_kappa_score(a, b))
    assert result.low < 0.2 < 0.6 < result.high


def test_cohens_kappa_covers_the_truth() -> None:
    rng, hits = np.random.default_rng(7), 0
    for _ in range(300):
        truth = rng.random(100) < 0.5
        result = cohen_kappa(
            truth.tolist(), np.where(rng.random(100) < 0.9, truth, ~truth).tolist()
        )
        hits += result.low <= 0.8 <= result.high
    assert 0.91 <= hits / 300 <= 0.98


def test_krippendorffs_alpha_is_his_own_example() -> None:
    """Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: 4 x 12 values."""
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
    alpha = krippendorff_alpha(observers)
    assert alpha.value == pytest.approx(0.849, abs=5e-4)
    assert alpha.low < 0.849 < alpha.high


def test_macro_f1_is_the_mean_over_labels() -> None:
    """Yes: precision 2/3, recall 1; no: precision 1, recall 1/2; by hand 4/5 and 2/3."""
    truth, judged = ["y", "y", "n", "n"] * 25, ["y", "y", "y", "n"] * 25
    result = macro_f1(truth, judged)
    assert result.value == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert result.value == pytest.approx(f1_score(truth, judged, average="macro"))
    assert 0 < result.low < result.value < result.high < 1


def test_labels_of_one_case_that_are_alike_widen_the_interval() -> None:
    """Ten cases of ten labels each, which the judge gets all right or all wrong."""
    cases = [n // 10 for n in range(100)]
    truth = [bool(n % 2) for n in range(100)]
    judged = [label ^ (case < 3) for label, case in zip(truth, cases, strict=True)]
    for figure in (cohen_kappa, macro_f1):
        alone, clustered = figure(truth, judged), figure(truth, judged, cases)
        assert clustered.high - clustered.low > 1.3 * (alone.high - alone.low)


def test_holms_correction_is_rs() -> None:
    """p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R: 0.03 0.06 0.06 0.02."""
    result = adjust([0.01, NAN, 0.04, 0.03, 0.005])
    assert result[0] == pytest.approx(0.03)
    assert math.isnan(result[1])
    assert result[2:] == pytest.approx([0.06, 0.06, 0.02])


def test_the_correlation_within_items_is_scipys() -> None:
    rng = np.random.default_rng(8)
    x = {str(n): rng.integers(0, 4, 8).astype(float).tolist() for n in range(20)}
    y = {str(n): rng.integers(0, 3, 8).astype(float).tolist() for n in range(20)}
    found, items = rank_correlation(x, y)
    expected = [scipy_stats.spearmanr(x[k], y[k]).statistic for k in x]
    assert items == 20
    assert found.value == pytest.approx(np.mean(expected))


Values = dict[str, list[float]]


@pytest.fixture
def quality() -> tuple[Values, Values]:
    """The quality of eight answers to 60 items, and lengths that go with it."""
    rng = np.random.default_rng(8)
    quality = rng.normal(size=(60, 8))
    lengths = quality + rng.normal(size=(60, 8))
    return tuple({str(n): row.tolist() for n, row in enumerate(v)} for v in (quality, lengths))  # type: ignore[return-value]


def test_at_equal_quality_the_length_that_goes_with_it_does_not_count(
    quality: tuple[Values, Values],
) -> None:
    rewards, lengths = quality
    noisy = {
        k: (np.array(v) + 0.1 * np.sin(np.arange(8) ** 2)).tolist() for k, v in rewards.items()
    }
    assert rank_correlation(lengths, rewards)[0].low > 0.5
    assert abs(rank_correlation(lengths, rewards, noisy)[0].value) < 0.1
    assert rank_correlation(lengths, lengths, rewards)[0].low > 0.6


def test_five_items_tell_no_sign(quality: tuple[Values, Values]) -> None:
    rewards, lengths = ({k: v[k] for k in list(v)[:5]} for v in quality)
    rho, items = rank_correlation(lengths, rewards)
    assert (items, rho.low, rho.high) == (5, -1.0, 1.0)


def test_many_items_get_the_interval_of_students_t() -> None:
    values = np.random.default_rng(9).beta(0.4, 2, 1_999)
    few, many = mean_interval(values.tolist()), mean_interval([*values, values.mean()])
    assert (many.low, many.high) == pytest.approx((few.low, few.high), abs=2e-3)


@pytest.mark.parametrize(
    "estimate",
    [
        mean_interval([]),
        mean_interval([NAN]),
        mean_interval([0.7]),
        mean_interval([0.7] * 9),
        mean_interval([0.0] * 9),
        mean_interval([0.0] * 8 + [1e-9]),
        pass_at_k({"a": [1.0]}, 1),
        pass_at_k({"a": [1.0], "b": [1.0]}, 4),
        learnable_share({}, 8),
        learnable_share({"a": [0.0]}, 8),
        learnable_share({"a": [0.0] * 8, "b": [0.0] * 8}, 8),
        paired_difference({"a": [1.0]}, {"a": [0.0]}).difference,
        paired_difference({"a": [1.0]}, {"b": [0.0]}).difference,
        paired_difference({"a": [1.0], "b": [1.0]}, {"a": [1.0], "b": [1.0]}).difference,
        cohen_kappa([], []),
        cohen_kappa([1, 1], [1, 1]),
        cohen_kappa([1, 0], [1, 0]),
        krippendorff_alpha([[1, 2, 3], [1, 2, 3]]),
        krippendorff_alpha([[1, 1], [1, 1]]),
        krippendorff_alpha([[1, NAN]]),
        macro_f1([1, 0], [1, 0]),
        macro_f1([], []),
        rank_correlation({"a": [1.0, 2.0]}, {"a": [0.0, 0.0]})[0],
        planned_mde({"a": [1.0]}, 8, 50),
        planned_mde({"a": [1.0] * 4, "b": [1.0] * 4}, 8, 50),
    ],
)
def test_what_cannot_be_known_has_a_wide_interval(estimate: Estimate) -> None:
    assert estimate.high - estimate.low > 0.05
    assert math.isnan(estimate.value) or estimate.low <= estimate.value <= estimate.high


def test_missing_rewards_are_left_out_and_two_lone_runs_have_no_p() -> None:
    assert mean_interval([0.2, NAN, 0.8]) == mean_interval([0.2, 0.8])
    assert math.isnan(paired_difference({"a": [1.0]}, {"a": [0.0]}).p_value)
    assert paired_difference({"a": []}, {"a": [0.0]}).items == 0
