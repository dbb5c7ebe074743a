"""The local AT: Africa's Talking's SMS API on your own machine, with phones to look at and faults to turn on.

It imports nothing from the rest of `ujumbe`, so that each side checks the other's reading of AT's contract.
"""

from ujumbe.simulator.app import Simulator, create_app
from ujumbe.simulator.config import SimulatorConfig

__all__ = ["Simulator", "SimulatorConfig", "create_app"]
