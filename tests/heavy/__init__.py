"""Against the real servers, each in a virtual environment of its own: `make test-heavy`. Not part of `make test`."""
