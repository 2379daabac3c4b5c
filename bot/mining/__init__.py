"""Looking into logs from the command line: `tocsin mine`, `tocsin masks try`, `tocsin patterns diff`.

cli         the commands
report      what they say: templates with counts, examples and values; differences of two files or times
"""
