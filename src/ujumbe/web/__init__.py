"""The HTTP side: the seeds' routes, the v1 API, and what stands in front of both."""
