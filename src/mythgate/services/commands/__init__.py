"""Text commands: one table, from which parser, help, completion, abbreviations, rights and rates derive.

A new command is a function over a `Call` and one entry in its group's `COMMANDS`.
"""
