from reporting.fixture_run import hostile_run
from vae_analyze.reporting.origin import Entry, entries, options, provenance


def test_options_that_somebody_set_come_first() -> None:
    assert [name for name, _, _ in options(hostile_run())] == [
        "samples", "robustness.sigma", "seed", "robustness.draws",
    ]  # fmt: skip


def test_nested_data_become_nested_entries_and_empty_ones_go() -> None:
    found = entries({"a_b": 1, "below": {"c": None, "d": [1, 2]}, "empty": {}, "yes": True})

    assert found == (Entry("a b", "1"), Entry("below", entries=(Entry("d", "1, 2"),)), Entry("yes", "yes"))


def test_a_seed_is_not_rounded_and_the_command_to_copy_is_apart() -> None:
    found = {entry.name: entry.value for entry in provenance(hostile_run())}

    assert found["seed"] == "123456789"
    assert "reproduce" not in found
