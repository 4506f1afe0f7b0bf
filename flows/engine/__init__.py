"""One run carried by several processes: the control process, the data process and its workers.

* `run`: from an order to a certificate
* `data_process`: the process that holds the run key
* `contract_process`: the process that validates contracts
"""

__all__ = ["contract_process", "data_process", "run"]
