"""How do the lines of a growing file get to Tocsin? Nothing lost, nothing twice.

follow    one file, through rotation, truncation and re-creation
marks     how far each file has been sent, kept over restarts
journal   the systemd journal, by journalctl
send      to Tocsin's HTTP side, until it says yes
cli       `tocsin tail`, `tocsin change`
sources   `tocsin sources`
"""
