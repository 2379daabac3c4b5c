"""How good is the watching? Detectors beside simple baselines on labelled data that people bring, as figures."""
