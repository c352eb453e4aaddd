"""The report of a conversion: what was tried, what the gate said, what it costs, as one offline HTML file and as JSON.

`content.Report` gathers it, `files.write` writes both files, `terminal.summary` gives the lines a command prints.
"""
