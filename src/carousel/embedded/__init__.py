"""Real Postgres and Valkey from their wheels, and the supervisor of `carousel up`."""
