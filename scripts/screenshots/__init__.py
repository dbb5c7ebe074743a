"""The pictures in docs/images, taken from a running `ujumbe dev` filled through its public doors."""
