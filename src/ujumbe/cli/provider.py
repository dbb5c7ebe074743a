"""Commands that ask Africa's Talking themselves, as the service on the same database does."""

from ujumbe.africastalking.client import AfricasTalking
from ujumbe.cli.database import service_on
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import Settings
from ujumbe.store.accounts import SIMULATOR_HOST
from ujumbe.web.app import SIMULATOR

LOCAL_KEY = "local"


def client_of(settings: Settings) -> AfricasTalking:
    """A client for the account that the settings name; beside `ujumbe dev`, for its local AT, which needs none.

    Raises `SettingsError`, also where a service with another account runs on this database.
    """
    holder = service_on(settings)
    if holder is not None and holder.host == SIMULATOR_HOST:
        return AfricasTalking(holder.username, LOCAL_KEY, api_url=f"{holder.url}{SIMULATOR}")
    settings.require("at_username", "at_api_key")
    if holder is not None and holder.username != settings.at_username:
        raise SettingsError("AT_USERNAME names another account than that of the service on this database")
    key = settings.at_api_key.get_secret_value()
    return AfricasTalking(settings.at_username, key, api_url=settings.at_api_url)
