"""What can Tocsin do, who may ask, and what is one doing of it? Pure."""
