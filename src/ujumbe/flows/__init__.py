"""The steps of the business, one a function, at most one transaction each."""
