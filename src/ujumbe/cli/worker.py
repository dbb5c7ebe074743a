"""`ujumbe worker`: only the sending side."""

from ujumbe import telemetry
from ujumbe.domain.errors import SettingsError
from ujumbe.settings import Settings


def worker() -> None:
    """Run a worker: it sends what the services on this database accepted. Start as many as you like.

    Needs PostgreSQL (UJUMBE_DATABASE_URL), AT_USERNAME and AT_API_KEY. SIGTERM lets it finish the calls under way.
    """
    settings = Settings.load(required=("at_username", "at_api_key"))
    if settings.database_path is not None:
        raise SettingsError(
            "a worker of its own needs PostgreSQL (UJUMBE_DATABASE_URL=postgresql://…): "
            "a SQLite file takes one process, and `ujumbe serve` sends too"
        )
    telemetry.set_up(settings.log_level, settings.log_format)
    from ujumbe.cli import running, server  # noqa: PLC0415 - see running.py

    server.run(running.work(settings))
