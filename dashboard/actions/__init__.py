"""What people do in the dashboard, by topic: each calls the act that the command line calls, for the operator who is signed in.

* `answers`: what an act is answered with: a word of success, or advice on a refusal, in the user's language
* `work`: sources, orders, the start of a run, the sweep
* `runs`: resume, cancel, abandon, the state of the import
* `drafting`: the form that draws up an instruction
* `instructions`: recorded instructions: record one, withdraw one, open an intake
* `approvals`: acts that need two people, each signed in to their own account
"""
