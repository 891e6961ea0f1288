from reporting.fixture_run import HOSTILE, hostile_run
from vae_analyze.reporting.sections import anchors, headline, section
from vae_analyze.runs.run import Result


def test_anchors_are_safe_and_unique() -> None:
    names = ("robustness", HOSTILE, "a b", "a-b")

    found = anchors([Result(analyzer=name, version=1, question="?") for name in names])

    assert found["robustness"] == "analyzer-robustness"
    assert found[HOSTILE] == "analyzer-img-src-x-onerror-alert-1"
    assert len(set(found.values())) == 4


def test_only_headline_numbers_are_headlines() -> None:
    found = headline(hostile_run().results[0])

    assert [scalar.name for scalar in found] == ["clean_mse", "latent_nmse_auc", "reconstruction_mse_auc"]
    assert (found[0].value, found[0].interval, found[0].direction) == (
        "0.0134",
        "[0.0130, 0.0138]",
        "lower is better",
    )


def test_each_definition_appears_once() -> None:
    found = section(hostile_run(figures=()).results[0], "a", (), most_rows=10)

    names = [name for name, _ in found.definitions]
    assert len(names) == len(set(names)) == 11
    assert found.scalars is not None
    assert found.scalars.rest == 64


def test_a_failed_analyzer_still_has_a_section() -> None:
    found = section(hostile_run().results[1], "a", (), most_rows=10)

    assert (found.scalars, found.figures, found.seconds) == (None, (), "")
