"""What is read from outside to be watched: series from Prometheus or SQL, tables by SQL (`bot.engine.watch_ports`)."""
