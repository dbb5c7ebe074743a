import pytest

from ujumbe.domain import errors


@pytest.mark.parametrize("kind", [errors.InvalidInputError, errors.SettingsError])
def test_what_the_caller_got_wrong_is_a_value_error(kind: type[Exception]) -> None:
    assert issubclass(kind, ValueError)
    assert issubclass(kind, errors.UjumbeError)


def test_an_invalid_input_names_its_field() -> None:
    error = errors.InvalidInputError("to", "not a number")
    assert (error.field, str(error)) == ("to", "not a number")
