from vae_analyze.data.faces import FACES, faces


def test_faces_then_background() -> None:
    data = faces()
    found = data.read(range(len(data)))
    assert (len(data), data.input_shape) == (FACES.size, FACES.shape)
    assert data.label_names == ("face", "background")
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 100 + [1] * 100
    assert 0.0 <= found.x.min() < found.x.max() <= 1.0
    # Faces resemble their mean more than pieces of background do theirs.
    faces_spread, background_spread = (found.x[found.labels == k].std(axis=0).mean() for k in (0, 1))
    assert faces_spread < background_spread
