"""A simulated year of certificates: real controller services, PostgreSQL, authority and renewal on a fake clock.

Only time and the network are pretended: TLS is judged on the real certificates, by the same rules, at that time.
"""
