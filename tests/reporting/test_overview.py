from reporting.fixture_run import HOSTILE, hostile_run
from vae_analyze.reporting.overview import assumptions, doubts, facts, readings
from vae_analyze.runs.run import Run


def empty_run() -> Run:
    return Run(name="r", created="", card={}, data={}, options=(), provenance={}, results=())


def test_card_says_what_was_analysed() -> None:
    found = {fact.name: (fact.value, fact.note) for fact in facts(hostile_run())}

    assert found["Samples"] == ("360 of 1,797", "")
    assert found["Latent code"] == ("10", "diagonal Gaussian posterior, bernoulli likelihood")
    assert found["Input"] == ("1 × 8 × 8", "values from 0 to 1")
    assert found["Parameters"][0] == "33,482"


def test_a_deterministic_model_is_called_one() -> None:
    run = empty_run()
    card = {"latent_shape": [2], "deterministic": True, "conditional": True, "gradients": False}

    found = {
        fact.name: fact
        for fact in facts(Run(name="r", created="", card=card, data={}, options=(), provenance={}, results=()))
    }

    assert found["Latent code"].note == "deterministic: no posterior, conditional on a label, without gradients"
    assert facts(run)[0].name in ("Parameters", "Samples")


def test_gravest_doubts_come_first_and_nothing_is_lost() -> None:
    found = doubts(hostile_run())

    assert [doubt.kind for doubt in found] == [
        "failed", "not applicable", "model", "guess", "guess", "warning", "undefined", "warning",
    ]  # fmt: skip
    assert found[3].text.endswith("every number of this run holds only if the guesses below are right")
    assert found[0].analyzer == HOSTILE
    assert found[6].text == "posterior_skl (10 settings): a posterior variance vanished or overflowed"


def test_guesses_come_before_what_is_known() -> None:
    assert [item["guess"] for item in assumptions(hostile_run())] == [True, False]


def test_that_something_is_a_guess_is_said_once() -> None:
    run = hostile_run()
    guessed = next(item for item in run.card["assumptions"] if item["guess"])
    guessed["source"] = f"guess: {guessed['source']}"
    assert not any(item["source"].startswith("guess") for item in assumptions(run))


def test_readings_keep_their_order() -> None:
    found = readings(hostile_run())

    assert found[0].text.startswith("At sigma = 0.2")
    assert len(found) == 3


def test_an_empty_run_has_nothing_to_say() -> None:
    assert (doubts(empty_run()), readings(empty_run())) == ((), ())
