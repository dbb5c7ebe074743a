"""`python -m ujumbe`."""

from ujumbe.cli import main

main()
