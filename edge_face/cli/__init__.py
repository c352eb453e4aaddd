"""The command line: one short module for each group of commands, imported only when its command is used."""
