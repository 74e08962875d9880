"""The verifier that goes along with every export of the deployment log.

Its modules use the standard library only, and run on Python 3.9 too; `single_file` joins them into the one verify.py
that an auditor takes away. They import nothing else of ours: what judges the log's format shares no code with it.
"""
