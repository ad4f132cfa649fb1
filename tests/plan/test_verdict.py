"""The verdict's words follow its numbers: a loss is never a gain, and names are written as they are."""

from __future__ import annotations

import pytest

from hepaxis.plan.schema import AttributionRow, Evidence, Interval, Strategy
from hepaxis.plan.verdict import Movement, gut_sentence, limits, verdict

BASE = "Atezolizumab + bevacizumab"


def interval(median: float, lo: float, hi: float) -> Interval:
    return Interval(median, (median + lo) / 2, (median + hi) / 2, lo, hi)


def strategy(label: str, change: Interval | None, kind: str = "diet", trials: tuple[str, ...] = ()) -> Strategy:
    components = (BASE, label) if label.startswith(f"{BASE} + ") else (label,)
    return Strategy(
        label, label, components, "base" if change is None else "trial_only" if trials else "ranked", None, (), "",
        Evidence("C", "", ()), (), change_response=change, kind=kind, trials=trials,
    )  # fmt: skip


def answer(*others: Strategy, moved: float = 1.0):
    return verdict(
        Sample(),
        Movement(moved, 1.0),
        (strategy(BASE, None), *others),
        (),
        interval(0.1, 0.0, 0.2),
        (),  # type: ignore[arg-type]
    )


class Sample:
    doubtful = ""


LOSS = strategy("Durvalumab", interval(-0.14, -0.18, -0.09), kind="regimen")
NOTHING = strategy(f"{BASE} + fibre-rich food", interval(0.0, -0.01, 0.01))
GAIN = strategy(f"{BASE} + ursodeoxycholic acid", interval(0.09, 0.01, 0.2))


def test_a_loss_alone_is_no_ranking():
    told = answer(NOTHING, LOSS)
    assert told.state == "base_default"
    assert "No add-on's 90% interval of change lies above zero" in told.sentence
    assert any("lower" in reason and "Durvalumab (\u221214.0 points)" in reason for reason in told.reasons)
    assert any("separate trials" in reason for reason in told.reasons)


def test_a_gain_is_a_ranking_and_is_named_beside_its_base():
    told = answer(GAIN, NOTHING)
    assert told.state == "ranked"
    assert "Ursodeoxycholic acid has the largest predicted gain" in told.sentence
    assert told.sentence.count(BASE) == 1
    assert told.reasons == ()


def test_the_largest_gain_is_chosen_not_the_largest_loss():
    assert "Ursodeoxycholic" in answer(LOSS, GAIN).sentence


def test_without_movement_nothing_is_ranked():
    told = answer(GAIN, moved=0.0)
    assert told.state == "cannot_tell"
    assert told.reasons[0].startswith("The profile leaves")


def test_another_regimen_above_zero_is_named_and_makes_no_ranking():
    told = answer(strategy("Durvalumab + tremelimumab", interval(0.1, 0.05, 0.2), kind="regimen"))
    assert told.state == "base_default"
    assert any("no head-to-head" in reason for reason in told.reasons)


def test_another_regimen_keeps_its_whole_name():
    other = strategy("Durvalumab + tremelimumab", interval(0.1, 0.05, 0.2), kind="regimen")
    assert other.beside(strategy("Durvalumab", None)) == "Durvalumab + tremelimumab"
    assert GAIN.beside(strategy(BASE, None)) == "+ ursodeoxycholic acid"


def test_many_losses_are_counted():
    many = [strategy(f"Other {k}", interval(-0.1, -0.2, -0.05)) for k in range(5)]
    (reason,) = answer(*many).reasons
    assert "2 more" in reason


def test_options_are_short_and_give_registry_numbers_bare():
    trial = strategy(f"{BASE} + FMT capsules", interval(0.01, -0.1, 0.1), trials=("nct:NCT05690048",))
    options = {o.label: o.value for o in answer(GAIN, trial).options}
    assert options["Without a trial"] == "Ursodeoxycholic acid"
    assert options["In a trial"] == "FMT capsules: NCT05690048"


def test_acronyms_keep_their_capitals():
    rows = tuple(
        AttributionRow(label, label, "tumour", interval(effect, effect - 1, effect + 0.1))
        for label, effect in (("Cold niche", -2.0), ("Other checkpoints (LAG-3, TIM-3, TIGIT)", -1.0))
    )
    assert limits(rows).endswith("then other checkpoints (LAG-3, TIM-3, TIGIT).")
    assert "then LAG-3." in limits((rows[0], AttributionRow("l", "LAG-3", "tumour", interval(-1.0, -2, 0))))


@pytest.mark.parametrize(
    ("median", "words"),
    [(0.2, "About 20 points more"), (-0.2, "About 20 points less"), (0.01, "About 1 point more"), (0.001, "Under one")],
)
def test_the_guts_share_says_its_direction(median: float, words: str):
    assert gut_sentence(interval(median, median - 0.1, median + 0.1)).startswith(words)


def test_a_limit_that_rounds_to_zero_has_no_sign():
    assert "90% interval 0 to +42" in gut_sentence(interval(0.21, -0.001, 0.42))
