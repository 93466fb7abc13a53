"""Cameras: what their names mean, how they are kept connected, and what is made of them."""
