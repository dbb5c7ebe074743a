import pytest

from ujumbe.domain import network


@pytest.mark.parametrize(
    ("code", "name"),
    [("63902", "Safaricom Kenya"), ("64110", "MTN Uganda"), ("60101", "Network 60101"), ("", "Network not told")],
)
def test_networks_have_the_names_that_people_use(code: str, name: str) -> None:
    assert network.name(code) == name


def test_codes_are_a_country_and_a_network() -> None:
    assert all(len(each) == 5 and each.isdecimal() for each in network.NAMES)
    assert len(set(network.NAMES.values())) == len(network.NAMES)
