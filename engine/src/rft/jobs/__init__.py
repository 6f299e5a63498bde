"""Training jobs through the `openai` SDK, wherever its contract is spoken.

`hyper` and `body` say what a job may hold, `rows` makes its files, `preflight` and `estimate` look
before the leap, `vendor` and `uploads` talk, `store` remembers, `metrics`, `hacking` and `follow`
watch, `landing` writes the tuned model into rft.toml.
"""
