"""Running processes of Tocsin."""
