"""The deployment log's formats, as C2SP and RFC 6962 have them: what units, witnesses and the controller read alike.

Everything here is pure, and strict: a text has one form only, and its size is bounded before anything is worked out.
"""
