"""What shows Tocsin at work without anything to connect it to? A small shop that is deployed badly now and then.

shop            what the shop is made of, and its three faults
lines           what its services write into their logs
traffic         which lines they write when
deployments     its desired state: a real git repository
spool           what is not yet delivered, and how much was
delivery        sends it over HTTP like anyone's
story           what runs now, and which bad deploy comes next
estate          the whole of it, as one component
configuration   the settings that make Tocsin look after it
play, narrate   both people of the story, and its telling on a terminal
"""
