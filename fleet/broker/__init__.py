"""The embedded broker, for `fleet demo` only: amqtt with mutual TLS, production's topic rules, and bounds.

It speaks MQTT 3.1.1, listens on the loopback interface only, and keeps nothing: no session outlives its
connection, no message is retained. `fleet serve` refuses it. It needs the `demo` extra.
"""
