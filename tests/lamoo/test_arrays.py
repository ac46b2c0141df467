"""What is done to any array."""

import numpy as np
import pytest

from lamoo.arrays import Memo


def test_a_memo_tells_arrays_apart_by_their_contents_and_shape():
    X, made = np.arange(6.0).reshape(2, 3), []
    different = [(X,), (X.T,), (X.reshape(3, 2),), (X + 1,), (X, 1), (X, None), (X, X), ()]
    memo = Memo(len(different))
    for _ in range(2):
        for i, of in enumerate(different):
            copies = (each.copy(order="F") if isinstance(each, np.ndarray) else each for each in of)
            assert memo(lambda i=i: made.append(i) or i, *copies) == i
    assert made == list(range(len(different)))


def test_a_memo_forgets_what_was_asked_for_longest_ago():
    memo, made = Memo(2), []
    for key in "abacaba":
        assert memo(lambda key=key: made.append(key) or key, key) == key
        assert len(memo) <= 2
    # as functools.lru_cache does: a and b, then c in the place of b, and b in the place of c
    assert made == ["a", "b", "c", "b"]
    memo.clear()
    assert not len(memo)


def test_what_could_not_be_made_is_not_remembered():
    memo = Memo(2)
    with pytest.raises(ZeroDivisionError):
        memo(lambda: 1 // 0, "key")
    assert memo(lambda: 7, "key") == 7
