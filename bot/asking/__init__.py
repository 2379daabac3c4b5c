"""What does Tocsin ask of others by itself, every so often?

probe           does an address answer, well and in time?
loki            log lines of a Loki, since the last ones
elasticsearch   log lines of an Elasticsearch, since the last ones
kubernetes      log lines of the pods of a namespace, since the last ones
alertmanager    its silences, and what they hide
rounds          when each is asked
"""
