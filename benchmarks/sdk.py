"""The SDK's way: AT's own Python SDK, one call after the other, no database.

    python -m benchmarks.sdk URL NUMBERS_A_CALL SECONDS

`SMSService.send` is a `requests.post` with a form, on a new connection each time. Only its address is ours.
"""

import json
import sys
import time

from africastalking.SMS import SMSService

from benchmarks.recipients import numbers

TEXT = "Clinic opens at nine tomorrow."


class Local(SMSService):  # type: ignore[misc] # the SDK has no types
    """The SDK's SMS service at another address."""

    url = ""

    def _init_service(self) -> None:
        self._baseUrl = self._contentUrl = f"{self.url}/version1"


def main(url: str, each: int, seconds: float) -> None:
    """Send for so long; prints messages and seconds as JSON."""
    Local.url = url
    sms = Local("bench", "bench")
    lists = [numbers(each, start=place * each) for place in range(20)]
    sms.send(TEXT, lists[0])
    sent, begin = 0, time.perf_counter()
    now = begin
    while now < begin + seconds:
        recipients = lists[(sent // each) % len(lists)]
        reply = sms.send(TEXT, recipients)
        assert len(reply["SMSMessageData"]["Recipients"]) == each
        sent += each
        now = time.perf_counter()
    print(json.dumps({"messages": sent, "seconds": now - begin}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
