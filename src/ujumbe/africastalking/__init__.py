"""Africa's Talking over HTTP: requests and replies as pure functions, callbacks as forms, one object that calls."""
