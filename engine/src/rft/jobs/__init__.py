"""Training jobs through the `openai` SDK, wherever its contract is spoken.

`hyper` and `body` define what a job may hold, `rows` makes its files, `preflight` and `estimate`
check it before anything is sent. `vendor` and `uploads` send it, `replies` reads what services
answer, `store` keeps it on disk. `training_job` is a job that was sent: `follow`, `metrics` and
`hacking` watch it, `model_names` writes the tuned model into rft.toml.
"""
