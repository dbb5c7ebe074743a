"""Where webhooks may go: no private address in any notation, and nothing that two programs read differently."""

from ipaddress import ip_address

import pytest

from ujumbe.domain.address import LONGEST, Reach, allowed, check_url
from ujumbe.domain.errors import InvalidInputError

PUBLIC = [
    "https://example.org/hooks?token=x&a=%20b",
    "http://example.org:8080",
    "https://EXAMPLE.org./x",
    "https://xn--mller-kva.example/",
    "https://8.8.8.8/x",
    "http://[2606:4700::1111]:8080/x",
    "https://0x08080808/",
    "https://3.example.org/",
    "https://example.org/@x",
    "https://my_host.example.org/",
]
LOOPBACK = [
    "http://127.0.0.1:9000/x",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://127.255.255.254/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]:80/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST.:80/",
    "http://app.localhost/",
]
PRIVATE = [
    "http://10.0.0.1/",
    "http://10.1/",
    "http://167772161/",
    "http://012.0.0.1/",
    "http://0xa.0x0.0x0.0x1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://0xa9fea9fe/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://0/",
    "http://0x/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::10.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:0a00:0001::1]/",
    "http://[2001:db8::1]/",
    "http://printer/",
    "http://printer./",
    "http://nas.local/",
    "http://nas.LOCAL./",
    "http://metadata.google.internal/",
    "http://router.lan/",
    "http://box.home.arpa/",
]
NEVER = [
    "",
    " ",
    "example.org",
    "//example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://example.org/",
    "https://",
    "https:///x",
    "https://user@example.org/",
    "https://user:secret@example.org/",
    "https://example.org@127.0.0.1/",
    "https://127.0.0.1\\@example.org/",
    "https://example.org\\.evil/",
    "https://exa mple.org/",
    "https://example.org/\r\nHost: x",
    "https://example.org/\0",
    "https://exämple.org/",
    "https://１２７.0.0.1/",
    "https://example.org:0/",
    "https://example.org:/",
    "https://example.org:99999/",
    "https://example.org:x/",
    "https://example.org/#there",
    "https://256.0.0.1/",
    "https://1.2.3.4.5/",
    "https://09.0.0.1/",
    "https://1.2.3.999/",
    "https://4294967296/",
    "https://a.0x7f/",
    "https://example.123/",
    "https://1..2/",
    "https://a..b/",
    "https://.example.org/",
    "https://exa%6dple.org/",
    "https://[::1/",
    "https://[::g]/",
    "https://[fe80::1%25eth0]/",
    "https://[127.0.0.1]/",
    "https://-/",
    "https://example.org/" + "x" * LONGEST,
]


def refused(url: str, reach: Reach) -> str:
    with pytest.raises(InvalidInputError) as caught:
        check_url(url, reach)
    assert caught.value.field == "url"
    return str(caught.value)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("url", PUBLIC)
def test_public(url: str, reach: Reach) -> None:
    assert check_url(f" {url}\n", reach) == url


@pytest.mark.parametrize("url", LOOPBACK)
def test_this_machine(url: str) -> None:
    assert "UJUMBE_WEBHOOKS_PRIVATE" in refused(url, Reach.PUBLIC)
    assert check_url(url, Reach.LOOPBACK) == url
    assert check_url(url, Reach.ANY) == url


@pytest.mark.parametrize("url", PRIVATE)
def test_private(url: str) -> None:
    assert "UJUMBE_WEBHOOKS_PRIVATE" in refused(url, Reach.PUBLIC)
    assert "UJUMBE_WEBHOOKS_PRIVATE" in refused(url, Reach.LOOPBACK)
    assert check_url(url, Reach.ANY) == url


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("url", NEVER)
def test_never(url: str, reach: Reach) -> None:
    told = refused(url, reach)
    assert "secret" not in told
    assert "UJUMBE_WEBHOOKS_PRIVATE" not in told


@pytest.mark.parametrize(
    ("address", "public", "loopback"),
    [
        ("8.8.8.8", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("::ffff:8.8.8.8", True, True),
        ("64:ff9b::8.8.8.8", True, True),
        ("64:ff9b::169.254.169.254", False, False),
        ("2002:7f00:1::", False, True),
        ("169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("192.88.99.1", False, False),
        ("2606:4700::1111", True, True),
    ],
)
def test_what_a_name_may_lead_to(address: str, public: bool, loopback: bool) -> None:
    assert allowed(ip_address(address), Reach.PUBLIC) is public
    assert allowed(ip_address(address), Reach.LOOPBACK) is loopback
    assert allowed(ip_address(address), Reach.ANY)
