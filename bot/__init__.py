"""Tocsin: `handlers` hear, `bot` thinks, `templates` speak.

The packages, from the inside out; each imports only what stands before it:

    clock errors people                              time, what can go wrong, who someone is
    logs metrics anomalies signals incidents         the domain: pure, told the time, frozen values
    changes actions silences checks oncall ical
    sources                                          what others say, one file a sender, pure
    digests                                          when a digest comes, and what is to be done
    settings                                         tocsin.toml
    engine                                           use cases, each one transaction; ports.py has every contract
    store connectors slack stream workspace          the outside: SQL, other systems, Slack, batches, a Slack to try
    watch asking                                     series and tables that are watched; what is asked and pulled
    scheduling                                       the clock's jobs
    files mining replay tail demo                    looking into files, sending them, and a shop to try it on
    reports oncall_cli                               measures, reviews and who is on call, on the command line
    evaluate simulation                              how good it is, on labelled data and on simulated faults
    main process cli                                 what makes, runs and commands it all
"""
