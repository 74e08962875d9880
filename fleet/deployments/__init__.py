"""Deployments: kit and people at a place for a time, from the request until the kit is back."""
