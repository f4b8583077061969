"""Verified Dynamics."""
