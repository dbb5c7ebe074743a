from ujumbe.domain import part
from ujumbe.domain.message import FINAL, State
from ujumbe.domain.part import Part


def test_every_state_is_a_part_and_every_part_is_explained() -> None:
    assert part.OF_STATE.keys() == set(State)
    assert part.MEANING.keys() == set(Part) == set(part.OF_STATE.values())


def test_what_is_final_is_no_longer_on_the_way() -> None:
    assert {state for state, each in part.OF_STATE.items() if each in (Part.ON_THE_WAY, Part.UNCERTAIN)} == (
        set(State) - FINAL
    )
