import subprocess
import sys

from vae_analyze.data.builtin import BUILTIN, list_data


def test_list_tells_the_truth() -> None:
    assert [info.name for info in list_data()] == list(BUILTIN)
    for info in list_data():
        data = BUILTIN[info.name]()
        assert data.name == f"{info.name}:all"
        assert (len(data), data.input_shape, data.description) == (info.size, info.shape, info.description)
        assert info.has_labels == (data.label_names is not None) == (data.read([0]).labels is not None)
        assert info.has_factors == (data.factors is not None) == (data.read([0]).factors is not None)
        assert data.value_range == (0.0, 1.0)


def test_listing_loads_nothing_heavy() -> None:
    code = (
        "import sys; from vae_analyze.data.open import list_data; list_data(); "
        "print([m for m in ('torch', 'sklearn', 'skimage', 'pandas', 'scipy', 'PIL') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
