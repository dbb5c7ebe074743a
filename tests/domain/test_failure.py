import errno
import socket

import aiohttp
import pytest

from ujumbe.domain.failure import cause

URL = "http://127.0.0.1/version1/user?username=mybrand"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)"), "connection refused"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name or service not known"),
        (aiohttp.ServerDisconnectedError(), "it hung up without an answer"),
        (aiohttp.ConnectionTimeoutError(URL), "ConnectionTimeout"),
        (aiohttp.ClientOSError(None, URL), "ClientOS"),
    ],
)
def test_a_cause_in_words(error: BaseException, says: str) -> None:
    assert cause(error) == says


@pytest.mark.parametrize(("number", "words"), [(104, f"Can not write request body for {URL}"), (None, URL)])
def test_the_cause_of_an_error_speaks_and_no_url_is_quoted(number: int | None, words: str) -> None:
    error = aiohttp.ClientOSError(number, words)
    error.__cause__ = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
    assert cause(error) == "connection reset by peer"
