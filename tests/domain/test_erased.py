from ujumbe.domain import erased, phone


def test_a_mark_is_the_same_each_time_and_another_for_another_key() -> None:
    mark = erased.mark(b"k" * 32, "+254711000111")
    assert mark == erased.mark(b"k" * 32, "+254711000111")
    assert len({mark, erased.mark(b"j" * 32, "+254711000111"), erased.mark(b"k" * 32, "+254711000112")}) == 3
    assert len(mark) == len("erased:") + 32
    assert erased.is_mark(mark)
    assert not phone.is_number(mark), "nothing can be sent to it"
    assert not erased.is_mark("+254711000111")
