"""How long the lists of bins of a source are."""

from skyfold.fit.part import padded


def test_lists_are_hardly_longer_than_what_is_in_them_and_have_two_lengths_in_each_doubling():
    lengths = [padded(n) for n in range(1, 4097)]
    assert all(n <= length <= max(16, 1.5 * n) for n, length in enumerate(lengths, 1))
    assert sorted(set(lengths)) == [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]
