"""How good are the incidents, beside faults whose cause is known? A seeded simulation through the whole program.

estate   services, stores, pipelines, models, who uses whom, what they write     faults   ten kinds, as effects
plan      which faults and red herrings, when      writing   a minute of it: lines, series, run states, changes
drive     the minutes → the engine       measures   incidents beside the truth → figures       cli   `tocsin simulate`
"""
