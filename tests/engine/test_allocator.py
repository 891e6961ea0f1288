from __future__ import annotations

import ctypes
import sys

import pytest

from vae_analyze.engine.allocator import keep_freed_memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is glibc that is asked")
def test_glibc_is_asked_and_agrees() -> None:
    if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        pytest.skip("another C library than glibc")
    assert keep_freed_memory()


def test_another_system_or_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: None) -> object:
        del name
        return object()

    monkeypatch.setattr(ctypes, "CDLL", without)
    assert not keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
