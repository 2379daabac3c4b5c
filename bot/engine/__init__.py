"""What can be done with Tocsin? Use cases: each is one transaction and reads the clock once.

ports      every contract on one page          pages       the facts that templates word
ingest     log records → counts                checks      closed windows → signals
correlator signals → incidents, suspects       incidents   what people do with them
runs       actions, from asked to verified     changes     what was changed
digests    the day                             reading     everything one can look at
"""
