"""What do the programs say that people run already? One file a format or sender, each with its entry in the registry.

model        what a source is, what was posted, what was heard
registry     every source, by name
received     how fields are taken from what others sent, within bounds
signatures   is this really from them?
otlp loki bulk lines syslog journal                      log lines
alertmanager grafana mapping ready                       alerts
github gitlab argocd flux jenkins cdevents               changes
openlineage dbt expectations airflow                     pipelines
mlflow evidently                                         models
"""
